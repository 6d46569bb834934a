// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupts of the board's devices that a zone has.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <lkvm/bundle.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_device.hpp>

#include "loongarch/platform/irqchip/interrupt_chips.hpp"

namespace lkvm::hv {

/// The board's side of one interrupt.
class PhysicalInterrupt {
public:
    /// Any CPU.
    virtual void unmask() = 0;
    virtual void mask() = 0;

protected:
    ~PhysicalInterrupt() = default;  // never deleted through the interface
};

/// Registers of a zone's PCH-PIC, in front of the model. A passed-through interrupt holds its pin
/// high from when it fires until the zone unmasks the pin, which is what Linux does when the
/// handler is done; only then can it fire again. So a device can interrupt its zone but not the
/// hypervisor without bound.
class PassedInterrupts final : public MmioDevice {
public:
    explicit PassedInterrupts(la::InterruptChips& chips)
        : chips_(chips) {}
    PassedInterrupts(const PassedInterrupts&) = delete;
    PassedInterrupts& operator=(const PassedInterrupts&) = delete;

    /// Boot CPU; at most bundle::max_passed. Returns the interrupt's number here.
    std::size_t add(unsigned pin, PhysicalInterrupt& physical);
    /// Number `which` fired; the board has masked it. Any CPU.
    void fired(std::size_t which);
    /// Power-on state: all masked. The zone's CPUs stand still.
    void reset();

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

private:
    struct Interrupt {
        unsigned pin = 0;
        PhysicalInterrupt* physical = nullptr;
    };

    la::InterruptChips& chips_;
    std::array<Interrupt, bundle::max_passed> interrupts_{};
    std::size_t count_ = 0;
};

}  // namespace lkvm::hv
