// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupt controller of the 7A bridge: device pins to EIOINTC vectors. Loongson 7A1000 manual §5.
#pragma once

#include <array>
#include <cstdint>

#include "loongarch/platform/irqchip/eiointc.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

/// Not locked: InterruptChips does that. Registers are 64 bits wide, for up to 64 pins; 32 exist.
///
/// A level pin requests (IRR) while its input is high. An edge pin requests from a rising input
/// until the driver writes CLR. An unmasked request is in service (ISR) and holds the pin's vector
/// high at the EIOINTC; unmasking reports it again, which is how a level that is still high after
/// its handler gets delivered once more.
class PchPic {
public:
    explicit PchPic(Eiointc& eiointc)
        : eiointc_(eiointc) {
        reset();
    }

    /// Power-on state. Inputs keep their level: devices that hold them are reset on their own.
    void reset();

    /// `offset` below memory_map::pch_pic_size, naturally aligned.
    [[nodiscard]] std::uint64_t read(std::uint64_t offset, unsigned size) const;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value);

    /// Input of a pin, below pins::count.
    void set_level(unsigned pin, bool level);
    /// A rising edge that needs no falling one; a level pin does not notice.
    void pulse(unsigned pin);

private:
    static constexpr unsigned register_pins = 64;
    using Bytes = std::array<std::uint8_t, register_pins>;

    void raise(std::uint64_t pins);
    void lower(std::uint64_t pins);
    void write_mask(std::uint64_t mask);
    void write_edge(std::uint64_t edge);

    Eiointc& eiointc_;
    std::uint64_t input_ = 0;
    std::uint64_t mask_ = 0;
    std::uint64_t htmsi_enable_ = 0;
    std::uint64_t edge_ = 0;
    std::uint64_t irr_ = 0;
    std::uint64_t isr_ = 0;
    std::uint64_t polarity_ = 0;
    Bytes route_{};
    Bytes vector_{};
};

}  // namespace lkvm::la
