// SPDX-License-Identifier: GPL-2.0-or-later
// An input of the board's interrupt controller that belongs to a zone.
#pragma once

#include <cstddef>

#include "baremetal/device/passed_devices.hpp"
#include "baremetal/irq/board_interrupts.hpp"

namespace lkvm::hv {

class PassedPin final : public BoardInterruptOwner, public PhysicalInterrupt {
public:
    /// Boot CPU. `board_pin` is nobody else's.
    void connect(unsigned board_pin, unsigned zone_pin, PassedInterrupts& zone) {
        board_pin_ = board_pin;
        zone_ = &zone;
        number_ = zone.add(zone_pin, *this);
        board_interrupts.connect(board_pin, *this);
    }

    void fired() override { zone_->fired(number_); }
    void unmask() override { board_interrupts.unmask(board_pin_); }
    void mask() override { board_interrupts.mask(board_pin_); }

private:
    unsigned board_pin_ = 0;
    PassedInterrupts* zone_ = nullptr;
    std::size_t number_ = 0;
};

}  // namespace lkvm::hv
