// SPDX-License-Identifier: GPL-2.0-or-later
// What interrupts a physical CPU: doorbells from other CPUs and its own timer. The hypervisor runs
// with interrupts off and looks here between guests and between pieces of long work.
#pragma once

#include <cstdint>

#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {

/// ESTAT and ECFG bits of the two.
inline constexpr std::uint64_t host_timer_bit = std::uint64_t{1} << 11;
inline constexpr std::uint64_t host_ipi_bit = std::uint64_t{1} << 12;

/// Physical CPU that executes this.
[[nodiscard]] inline unsigned this_cpu() {
    return static_cast<unsigned>(read_csr<la::csr::CPUID>() & 0x1ff);
}

/// Lets both interrupt this CPU.
void enable_host_events();
/// Makes `cpu` look at what is wanted of it. Any CPU.
void ring_doorbell(unsigned cpu);
/// Interrupts this CPU after `ticks` of the stable counter.
void arm_host_timer(std::uint64_t ticks);

/// Between two pieces of long work: acknowledges what is pending on this CPU but for the timer,
/// which interrupts the next guest. Its CPU also looks after the console. `after` names the work
/// since the last look, for end_stretch(). Returns whether there was a doorbell.
bool look_at_host_events(const char* after);

struct HostEvents {
    bool doorbell = false;
    bool timer = false;
};
/// The same, and acknowledges the timer.
HostEvents take_host_events(const char* after);

/// Sleeps until something is pending; returns at once if something is.
void wait_for_host_event();

}  // namespace lkvm::hv
