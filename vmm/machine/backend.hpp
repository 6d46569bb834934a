// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine asks of whatever runs its vCPUs (software CPU, KVM).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/gpa.hpp>
#include <lkvm/irq.hpp>

#include "vmm/machine/vcpu_registers.hpp"

namespace lkvm::vmm {

/// Register values with which a vCPU leaves reset: direct addressing, interrupts off, CPUID equal
/// to its index, everything else zero.
struct VcpuStart {
    std::uint64_t pc = 0;  ///< physical address
    std::uint64_t a0 = 0;
    std::uint64_t a1 = 0;
    std::uint64_t a2 = 0;
};

/// Owns the vCPUs and their threads. All members are called by the machine's own thread except
/// set_line(), which any thread may call.
class Backend : public CpuInterrupts {
public:
    virtual ~Backend() = default;

    [[nodiscard]] virtual std::string_view name() const = 0;

    /// Puts every vCPU into its reset state; vCPU 0 will start as `boot`, all others as
    /// `secondary`. Only while paused or before the first resume().
    virtual void reset(const VcpuStart& boot, const VcpuStart& secondary) = 0;
    /// Lets all vCPUs run (starting their threads the first time).
    virtual void resume() = 0;
    /// Returns when every vCPU is outside the guest, between two instructions, with the exit it
    /// was in completed.
    virtual void pause() = 0;
    /// Of an existing vCPU, after pause().
    [[nodiscard]] virtual VcpuRegisters registers(unsigned cpu) = 0;
    /// The guest should look for KVM's paravirtual features.
    [[nodiscard]] virtual bool is_virtual_for_guest() const { return false; }
    /// Where device interrupts go if the backend brings the interrupt chips; null: it does not.
    [[nodiscard]] virtual PinSink* pin_sink() { return nullptr; }

    /// A descriptor, the backend's, that becomes readable when the guest stores this 32-bit value
    /// there; the store then does not reach the bus. -1: it does, as ever. Before the guest runs.
    [[nodiscard]] virtual int add_doorbell(Gpa where, std::uint32_t value) {
        static_cast<void>(where);
        static_cast<void>(value);
        return -1;
    }
    /// What happened, for the user at log level debug; empty: nothing to say. After stop().
    [[nodiscard]] virtual std::string summary() const { return {}; }

    /// Ends and joins the threads; only the destructor and summary() may follow.
    virtual void stop() = 0;
};

}  // namespace lkvm::vmm
