// SPDX-License-Identifier: GPL-2.0-or-later
// Random cases for the instruction oracle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
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

/// Registers that make the addresses of sequences.
inline constexpr std::uint8_t base_register = 22;
inline constexpr std::uint8_t displacement_register = 23;

/// What sequences start from: random, but without traps of floating-point exceptions.
[[nodiscard]] CaseBlock sequence_state(Random& random, std::size_t index);

/// `insn` with random operands, unless it is one that branches or faults, or writes a general
/// register of `kept` (a bit for each). Accesses go to the case's memory.
[[nodiscard]] std::optional<la::Decoded> plain(la::Insn insn, Random& random, std::uint32_t kept);

/// A sequence of instructions that neither branch nor fault, each with random operands.
[[nodiscard]] Case make_sequence(Random& random, std::size_t index);

}  // namespace lkvm::test::oracle
