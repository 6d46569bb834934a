// SPDX-License-Identifier: GPL-2.0-or-later
// Why guests leave, how often, and what each time costs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lkvm::hv {

enum class ExitReason : std::uint8_t {
    interrupt,  ///< of the physical CPU: doorbell or timer
    cpucfg,
    csr,  ///< register that a guest does not have
    cacop,
    iocsr,
    ipi,  ///< IOCSR that interrupts another vCPU
    idle,
    mmio,
    kick,    ///< MMIO that notifies a virtio queue
    memory,  ///< neither RAM nor device
    hypercall,
    other,
};
inline constexpr std::size_t exit_reasons = 12;
inline constexpr std::array<std::string_view, exit_reasons> exit_reason_names{
    "interrupt", "cpucfg", "csr",  "cacop",  "iocsr",     "ipi",
    "idle",      "mmio",   "kick", "memory", "hypercall", "other"};

struct ExitTotal {
    std::uint64_t count = 0;
    std::uint64_t instructions = 0;  ///< of the hypervisor, where the CPU counts them
    std::uint64_t most = 0;          ///< the most expensive one
};
using ExitTotals = std::array<ExitTotal, exit_reasons>;

/// One exit, for reports.
struct ExitRecord {
    ExitReason reason = ExitReason::other;
    std::uint64_t pc = 0;
    std::uint64_t detail = 0;  ///< instruction word or address
};

/// Written by the vCPU's own CPU, totals read by any.
class ExitLog {
public:
    static constexpr std::size_t kept = 8;
    /// After this many exits at one place and none elsewhere a guest is taken for stuck, if they
    /// have no effect. Polling a device for ever is a program's good right.
    static constexpr std::uint64_t stuck_after = std::uint64_t{1} << 24;

    /// False: the guest is stuck.
    bool note(ExitReason reason, std::uint64_t pc, std::uint64_t detail) {
        Slot& slot = slots_[static_cast<std::size_t>(reason)];
        bump(slot.count, 1);
        records_[next_++ % kept] = ExitRecord{reason, pc, detail};
        // An interrupt comes between two of them, wherever the guest is.
        if (reason == ExitReason::interrupt) return true;
        same_ = pc == last_pc_ ? same_ + 1 : 0;
        last_pc_ = pc;
        return same_ < stuck_after || !is_without_effect(reason);
    }
    void note_cost(ExitReason reason, std::uint64_t instructions) {
        Slot& slot = slots_[static_cast<std::size_t>(reason)];
        bump(slot.instructions, instructions);
        if (instructions > slot.most.load(std::memory_order_relaxed)) {
            slot.most.store(instructions, std::memory_order_relaxed);
        }
    }
    void add_to(ExitTotals& totals) const {
        for (std::size_t i = 0; i < exit_reasons; ++i) {
            totals[i].count += slots_[i].count.load(std::memory_order_relaxed);
            totals[i].instructions += slots_[i].instructions.load(std::memory_order_relaxed);
            const std::uint64_t most = slots_[i].most.load(std::memory_order_relaxed);
            if (most > totals[i].most) totals[i].most = most;
        }
    }
    /// The n-th last exit, 0 being the last; only the CPU itself or when it stands still.
    [[nodiscard]] const ExitRecord* last(std::size_t n) const {
        return n < kept && n < next_ ? &records_[(next_ - 1 - n) % kept] : nullptr;
    }

private:
    static bool is_without_effect(ExitReason reason) {
        return reason == ExitReason::cpucfg || reason == ExitReason::csr ||
               reason == ExitReason::cacop;
    }

    struct Slot {
        std::atomic<std::uint64_t> count{0};
        std::atomic<std::uint64_t> instructions{0};
        std::atomic<std::uint64_t> most{0};
    };
    /// There is one writer, so this need not be one step.
    static void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) {
        counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
    }

    std::array<Slot, exit_reasons> slots_{};
    std::array<ExitRecord, kept> records_{};
    std::size_t next_ = 0;
    std::uint64_t last_pc_ = 0;
    std::uint64_t same_ = 0;
};

}  // namespace lkvm::hv
