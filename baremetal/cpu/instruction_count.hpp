// SPDX-License-Identifier: GPL-2.0-or-later
// How many instructions the hypervisor spends, on CPUs that tell: the software CPU does.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// Finds out whether the CPU counts. Boot CPU, once.
void find_instruction_counter();

/// Ends a stretch of the hypervisor's work on this CPU, during which interrupts were not looked at,
/// and begins the next.
void end_stretch();

/// Ends a stretch. Returns how many instructions this CPU spent since the last call, 0 on a CPU
/// that does not count.
std::uint64_t take_spent();

/// The longest stretch of any CPU.
[[nodiscard]] std::uint64_t longest_stretch();

}  // namespace lkvm::hv
