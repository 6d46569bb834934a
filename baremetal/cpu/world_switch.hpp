// SPDX-License-Identifier: GPL-2.0-or-later
// Into a guest and back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lkvm::hv {

/// What the world switch keeps of a vCPU. Everything else of the guest stays in the hardware: a
/// vCPU never leaves its physical CPU. world_switch.cpp knows the offsets.
struct VcpuContext {
    std::array<std::uint64_t, 32> gpr{};
    std::uint64_t pc = 0;
    std::uint64_t host_stack = 0;
    // Of the last exit.
    std::uint64_t estat = 0;
    std::uint64_t badv = 0;
    std::uint64_t badi = 0;
};
static_assert(offsetof(VcpuContext, pc) == 256 && offsetof(VcpuContext, host_stack) == 264 &&
              offsetof(VcpuContext, estat) == 272 && offsetof(VcpuContext, badi) == 288);

/// Runs the guest until it exits. Interrupts of the CPU are off before and after.
extern "C" void enter_guest(VcpuContext* context);

/// Addresses of the vectors, for EENTRY (virtual) and TLBRENTRY (physical).
extern "C" const char exit_vector[];
extern "C" const char refill_vector[];

}  // namespace lkvm::hv
