// SPDX-License-Identifier: GPL-2.0-or-later
// How many instructions the hypervisor spends, on CPUs that tell: the software CPU does.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// Finds out whether the CPU counts. Boot CPU, once.
void find_instruction_counter();

/// Begins the first stretch of this CPU, which has started up.
void begin_stretches();

/// Ends a stretch of the hypervisor's work on this CPU, during which interrupts were not looked at,
/// and begins the next. `what` names the work. What a CPU waits for a lock is not counted: it is
/// another CPU's work.
void end_stretch(const char* what);

/// Ends a stretch. Returns how many instructions this CPU spent since the last call, 0 on a CPU
/// that does not count.
std::uint64_t take_spent(const char* what);

struct Stretch {
    std::uint64_t instructions = 0;
    const char* what = "";
};
/// The longest stretch of any CPU.
[[nodiscard]] Stretch longest_stretch();

}  // namespace lkvm::hv
