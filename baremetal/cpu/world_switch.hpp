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
    std::uint64_t host_return = 0;
    // Of the last exit.
    std::uint64_t estat = 0;
    std::uint64_t badv = 0;
    std::uint64_t badi = 0;
};
static_assert(offsetof(VcpuContext, pc) == 256 && offsetof(VcpuContext, host_stack) == 264 &&
              offsetof(VcpuContext, estat) == 280 && offsetof(VcpuContext, badi) == 296);

/// Runs the guest until it exits. Interrupts of the CPU are off before and after. The guest's
/// values stay in all registers but the stack pointer; the compiler keeps what it needs itself.
/// This code uses neither $tp nor $r21.
inline void enter_guest(VcpuContext& context) {
    register VcpuContext* a0 asm("$a0") = &context;
    asm volatile("bl lkvm_enter_guest"
                 : "+r"(a0)
                 :
                 : "memory", "$ra", "$a1", "$a2", "$a3", "$a4", "$a5", "$a6", "$a7", "$t0", "$t1",
                   "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8", "$fp", "$s0", "$s1", "$s2",
                   "$s3", "$s4", "$s5", "$s6", "$s7", "$s8");
}

/// Until an interrupt that ECFG lets in is pending; it still is then. Interrupts of the CPU are off
/// before and after. In between they are on: Linux says that idle needs that to end.
inline void sleep_until_interrupt() {
    asm volatile("bl lkvm_sleep" : : : "memory", "$ra", "$t0", "$t1");
}

/// Addresses of the vectors, for EENTRY (virtual) and TLBRENTRY (physical).
extern "C" const char exit_vector[];
extern "C" const char refill_vector[];

}  // namespace lkvm::hv
