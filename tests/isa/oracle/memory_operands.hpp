// SPDX-License-Identifier: GPL-2.0-or-later
// Cases whose instruction reaches memory: registers are set so that it hits the case's own bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "loongarch/isa/instruction.hpp"
#include "tests/isa/oracle/image.hpp"
#include "tests/isa/oracle/values.hpp"

namespace lkvm::test::oracle {

/// Address of CaseBlock::memory of case `index`.
[[nodiscard]] constexpr std::uint64_t memory_address(std::size_t index) {
    return block_address(index) + offsetof(CaseBlock, memory);
}

/// Loads, stores, atomics, checked ones, prefetches.
[[nodiscard]] bool is_memory(la::Insn insn);
/// Read-modify-write, load-linked and store-conditional.
[[nodiscard]] bool is_atomic(la::Insn insn);
/// With a bound in rk.
[[nodiscard]] bool is_bound(la::Insn insn);
/// Bytes that an atomic or bound-checked access has.
[[nodiscard]] unsigned access_size(la::Insn insn);
/// Whether rk is added to the address.
[[nodiscard]] bool uses_index(la::Insn insn);

/// Writes the case for `decoded`, which is_memory(), into `body`.
void prepare_memory(Body& body, la::Decoded decoded, Random& random, std::size_t index);

}  // namespace lkvm::test::oracle
