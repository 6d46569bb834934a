// SPDX-License-Identifier: GPL-2.0-or-later
// The board's own interrupt controllers, for devices that zones have: PCH-PIC and EIOINTC.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// Who has an input of the board's PCH-PIC.
class BoardInterruptOwner {
public:
    /// The input has fired and is masked since. On the CPU that takes the board's interrupts.
    virtual void fired() = 0;

protected:
    ~BoardInterruptOwner() = default;  // never deleted through the interface
};

/// All inputs lead to one CPU, which tells the owners. Inputs are masked until their owner unmasks
/// them, and again from each interrupt on.
class BoardInterrupts {
public:
    static constexpr unsigned max_pins = 64;
    /// Line of the CPU (ESTAT.IS) that the EIOINTC drives.
    static constexpr unsigned cpu_line = 3;

    /// Boot CPU, before start(). Bit n: the board describes input n as triggered by its rising
    /// edge.
    void set_edges(std::uint64_t pins) { edge_ = pins; }
    /// Boot CPU, before start(). Nobody else has `pin`, which is below max_pins.
    void connect(unsigned pin, BoardInterruptOwner& owner);
    [[nodiscard]] bool used() const { return used_ != 0; }
    /// Sets the controllers up for this CPU, whose number is below 4. Once.
    void start();

    /// Any CPU.
    void unmask(unsigned pin) { set_mask(pin, false); }
    void mask(unsigned pin) { set_mask(pin, true); }

    /// Tells the owners of what is pending. CPU that called start().
    void take();

private:
    void set_mask(unsigned pin, bool masked);

    std::array<BoardInterruptOwner*, max_pins> owners_{};
    std::uint64_t used_ = 0;
    std::uint64_t edge_ = 0;
    SpinLock lock_;  // of the mask register
};

extern constinit BoardInterrupts board_interrupts;

}  // namespace lkvm::hv
