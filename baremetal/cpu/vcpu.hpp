// SPDX-License-Identifier: GPL-2.0-or-later
// One CPU of a zone, for ever on one physical CPU.
#pragma once

#include <atomic>
#include <cstdint>

#include "baremetal/cpu/world_switch.hpp"
#include "baremetal/life/exits.hpp"
#include "baremetal/timer/guest_timer.hpp"

namespace lkvm::hv {

class Zone;

/// Used by its physical CPU, but for set_line(), kick() and the exits' totals (any CPU).
class Vcpu {
public:
    void assign(Zone& zone, unsigned index, unsigned physical_cpu) {
        zone_ = &zone;
        index_ = index;
        physical_cpu_ = physical_cpu;
    }
    [[nodiscard]] unsigned index() const { return index_; }
    [[nodiscard]] unsigned physical_cpu() const { return physical_cpu_; }
    [[nodiscard]] Zone& zone() { return *zone_; }
    [[nodiscard]] const VcpuContext& context() const { return context_; }
    [[nodiscard]] const ExitLog& exits() const { return exits_; }

    /// Registers as after reset, entering at physical `pc`. Guest CSRs follow in run().
    void reset(std::uint64_t pc, std::uint64_t a0, std::uint64_t a1, std::uint64_t a2);

    /// Runs on this CPU until the zone is not to run any more. Time goes on for the guest only
    /// while the zone runs: its counter is `clock_offset` ticks behind this CPU's.
    void run(std::uint64_t clock_offset);

    /// Level of a line of ESTAT.IS (2..9, 12). Any CPU; wakes the vCPU.
    void set_line(unsigned line, bool level);
    /// Makes the vCPU look at its zone's state. Any CPU.
    void kick() const;

private:
    void load_guest_registers() const;
    void load_timer() const;
    void save_timer();
    void sync_lines() const;
    [[nodiscard]] bool guest_interrupt_pending() const;
    [[nodiscard]] bool in_kernel() const;
    [[nodiscard]] ExitReason handle_exit();
    [[nodiscard]] ExitReason handle_sensitive();
    [[nodiscard]] ExitReason handle_interrupt();
    [[nodiscard]] ExitReason handle_memory();
    [[nodiscard]] ExitReason handle_hypercall();
    void begin_watch();
    void look_after_guest();
    [[nodiscard]] bool hangs_in_exceptions() const;
    [[nodiscard]] bool hangs_after_panic();
    void serve_devices();
    void serve_pending_devices();
    void idle();
    void park(const char* why);

    VcpuContext context_;
    Zone* zone_ = nullptr;
    unsigned index_ = 0;
    unsigned physical_cpu_ = 0;
    std::atomic<std::uint32_t> lines_{0};
    bool fresh_ = true;
    GuestTimer timer_;  ///< while the vCPU is not in run()
    ExitLog exits_;
    bool devices_wait_ = false;      ///< the timer is armed for their next turn
    std::uint64_t watch_began_ = 0;  ///< it slept or was looked at
    bool acts_ = false;              ///< has asked for something since it was last looked at
    unsigned suspicions_ = 0;        ///< times in a row that it seemed to hang in exceptions
};

}  // namespace lkvm::hv
