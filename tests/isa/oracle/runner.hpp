// SPDX-License-Identifier: GPL-2.0-or-later
// The two machines that run an image.
#pragma once

#include <string>
#include <vector>

#include "loongarch/isa/instruction.hpp"
#include "tests/isa/oracle/image.hpp"

namespace lkvm::test::oracle {

/// The blocks after the run, or why there are none.
struct RunResult {
    std::vector<CaseBlock> blocks;
    std::string error;
};

/// Path of qemu-loongarch64 (LKVM_QEMU_USER, the build folder's assets, PATH), or empty.
[[nodiscard]] std::string find_qemu();

[[nodiscard]] RunResult run_qemu(const std::string& qemu, const Image& image, std::size_t cases);
/// Whether the software CPU has semantics for `insn`.
[[nodiscard]] bool is_implemented(la::Insn insn);
/// How the software CPU runs.
enum class Pace {
    blocks,     ///< chained
    steps,      ///< one instruction at a time
    cramped,    ///< blocks, of which a few have room
    disturbed,  ///< blocks, which another thread discards at any time
    paged,      ///< blocks, with interrupts and TLB misses at any time
};
[[nodiscard]] RunResult run_soft(const Image& image, std::size_t cases, Pace pace = Pace::blocks);

}  // namespace lkvm::test::oracle
