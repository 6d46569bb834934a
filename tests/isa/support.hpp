// SPDX-License-Identifier: GPL-2.0-or-later
// What the tests of the instruction table share.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "loongarch/isa/instruction.hpp"

namespace lkvm::test {

/// Seed of all random choices: LKVM_SEED, or a fixed one. Printed once.
std::uint32_t test_seed();

/// All instructions in the order of the table.
const std::vector<la::Insn>& all_insns();

/// An instruction word of `insn` with random operands.
std::uint32_t random_word(la::Insn insn, std::mt19937& random);

}  // namespace lkvm::test
