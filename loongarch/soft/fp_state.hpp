// SPDX-License-Identifier: GPL-2.0-or-later
// FCSR of a Cpu: reading, writing and what an instruction does to it. LA Vol.1 §3.1.3, §3.1.4.2.
#pragma once

#include <cstdint>

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/fp_format.hpp"

namespace lkvm::la::fp {

/// Makes cpu.fcsr complete. Whoever reads cpu.fcsr from outside FP semantics (register interface,
/// snapshots) calls this or read_fcsr() first. vCPU thread, or while it stands still.
inline void sync_fcsr(Cpu& cpu) {
    if (cpu.fp_pending.evaluate == nullptr) return;
    const std::uint32_t cause = cpu.fp_pending.evaluate(cpu.fp_pending);
    cpu.fp_pending.evaluate = nullptr;
    cpu.fcsr = (cpu.fcsr & ~fcsr::cause_mask) | cause << fcsr::cause_shift;
}

[[nodiscard]] inline std::uint32_t read_fcsr(Cpu& cpu) {
    sync_fcsr(cpu);
    return cpu.fcsr;
}

/// Replaces FCSR. Never raises an exception.
inline void write_fcsr(Cpu& cpu, std::uint32_t value) {
    cpu.fp_pending.evaluate = nullptr;
    cpu.fcsr = value;
}

/// An instruction that raised nothing (the common end of comparisons and conversions).
inline void commit_exact(Cpu& cpu) {
    cpu.fp_pending.evaluate = [](const FpPending&) -> std::uint32_t { return 0; };
}

[[gnu::noinline, nodiscard]] inline bool commit_news(Cpu& cpu, std::uint32_t flags,
                                                     Exception exception) {
    cpu.fp_pending.evaluate = nullptr;
    cpu.fcsr = (cpu.fcsr & ~fcsr::cause_mask) | flags << fcsr::cause_shift;
    if ((cpu.fcsr & fcsr::enables_mask & flags) != 0) return cpu.raise(exception);
    cpu.fcsr |= flags << fcsr::flags_shift;
    return true;
}

/// An instruction raised `flags`: sets Cause, and Flags unless the exception is enabled. False: it
/// is, `exception` was raised and the destination must stay.
[[nodiscard]] inline bool commit(Cpu& cpu, std::uint32_t flags, Exception exception) {
    const std::uint32_t unseen = ~(cpu.fcsr >> fcsr::flags_shift);
    if ((flags & (unseen | cpu.fcsr) & fcsr::enables_mask) != 0) [[unlikely]] {
        return commit_news(cpu, flags, exception);
    }
    cpu.fp_pending.known = flags;
    cpu.fp_pending.evaluate = [](const FpPending& pending) { return pending.known; };
    return true;
}

/// In this state an instruction that can raise nothing but I changes no FCSR bit but Cause, and
/// rounds as the host does: the fast paths' condition.
[[nodiscard]] inline bool host_path_open(std::uint32_t fcsr) {
    constexpr std::uint32_t inexact_seen = inexact << fcsr::flags_shift;
    return (fcsr & (fcsr::rounding_mask | fcsr::enables_mask | inexact_seen)) == inexact_seen;
}

}  // namespace lkvm::la::fp
