// SPDX-License-Identifier: GPL-2.0-or-later
// Random cases for the instruction oracle.
#pragma once

#include <cstddef>
#include <string_view>

#include "loongarch/isa/instruction.hpp"
#include "tests/isa/oracle/image.hpp"
#include "tests/isa/oracle/values.hpp"

namespace lkvm::test::oracle {

/// A case and what it is about.
struct Case {
    la::Insn insn = la::Insn::count;  ///< the one under test; count for a mixed sequence
    Body body;
};

/// Why an instruction is not run under the oracle, or empty if it is.
[[nodiscard]] std::string_view reason_to_leave_out(la::Insn insn);

/// A case for `insn`, to stand at place `index` of its batch.
[[nodiscard]] Case make_case(la::Insn insn, Random& random, std::size_t index);

/// A sequence of instructions that neither branch nor fault, each with random operands.
[[nodiscard]] Case make_sequence(Random& random, std::size_t index);

}  // namespace lkvm::test::oracle
