// SPDX-License-Identifier: GPL-2.0-or-later
// What interrupts a physical CPU: doorbells from other CPUs and its own timer. The hypervisor runs
// with interrupts off and looks here between guests and between pieces of long work.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// ESTAT and ECFG bits of the two.
inline constexpr std::uint64_t host_timer_bit = std::uint64_t{1} << 11;
inline constexpr std::uint64_t host_ipi_bit = std::uint64_t{1} << 12;

/// Physical CPU that executes this.
[[nodiscard]] unsigned this_cpu();

/// Lets both interrupt this CPU.
void enable_host_events();
/// Makes `cpu` look at what is wanted of it. Any CPU.
void ring_doorbell(unsigned cpu);
/// Interrupts this CPU after `ticks` of the stable counter.
void arm_host_timer(std::uint64_t ticks);

struct HostEvents {
    bool doorbell = false;
    bool timer = false;
};
/// Acknowledges what is pending on this CPU. Its CPU also reads typed input.
HostEvents take_host_events();

/// Sleeps until something is pending; returns at once if something is.
void wait_for_host_event();

}  // namespace lkvm::hv
