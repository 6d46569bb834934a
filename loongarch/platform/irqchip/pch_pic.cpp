// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupt controller of the 7A bridge. Loongson 7A1000 manual §5.
#include "loongarch/platform/irqchip/pch_pic.hpp"

#include <bit>

#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint64_t id_offset = 0x00;
constexpr std::uint64_t mask_offset = 0x20;
constexpr std::uint64_t htmsi_enable_offset = 0x40;
constexpr std::uint64_t edge_offset = 0x60;
constexpr std::uint64_t clear_offset = 0x80;
constexpr std::uint64_t route_offset = 0x100;
constexpr std::uint64_t vector_offset = 0x200;
constexpr std::uint64_t irr_offset = 0x380;
constexpr std::uint64_t isr_offset = 0x3a0;
constexpr std::uint64_t polarity_offset = 0x3e0;

// Number of the chip, version, and highest pin.
constexpr std::uint64_t id_value =
    std::uint64_t{7} << 24 | std::uint64_t{1} << 32 | std::uint64_t{pins::count - 1} << 48;

template<class Bytes>
std::uint64_t read_bytes(const Bytes& bytes, std::uint64_t index, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; ++i) value |= std::uint64_t{bytes[index + i]} << (8 * i);
    return value;
}

template<class Bytes>
void write_bytes(Bytes& bytes, std::uint64_t index, unsigned size, std::uint64_t value) {
    for (unsigned i = 0; i < size; ++i) {
        bytes[index + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

}  // namespace

void PchPic::reset() {
    mask_ = UINT64_MAX;
    htmsi_enable_ = 0;
    edge_ = 0;
    irr_ = input_;
    isr_ = 0;
    polarity_ = 0;
    route_.fill(1);
    for (unsigned pin = 0; pin < register_pins; ++pin) {
        vector_[pin] = static_cast<std::uint8_t>(pin < pins::count ? pin : 0);
    }
}

std::uint64_t PchPic::read(std::uint64_t offset, unsigned size) const {
    if (offset >= route_offset && offset < route_offset + register_pins) {
        return read_bytes(route_, offset - route_offset, size);
    }
    if (offset >= vector_offset && offset < vector_offset + register_pins) {
        return read_bytes(vector_, offset - vector_offset, size);
    }
    switch (offset & ~std::uint64_t{7}) {
        case id_offset:
            return read_lanes(id_value, offset, size);
        case mask_offset:
            return read_lanes(mask_, offset, size);
        case htmsi_enable_offset:
            return read_lanes(htmsi_enable_, offset, size);
        case edge_offset:
            return read_lanes(edge_, offset, size);
        case irr_offset:
            return read_lanes(irr_, offset, size);
        case isr_offset:
            return read_lanes(isr_, offset, size);
        case polarity_offset:
            return read_lanes(polarity_, offset, size);
        default:
            return 0;
    }
}

void PchPic::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (offset >= route_offset && offset < route_offset + register_pins) {
        write_bytes(route_, offset - route_offset, size, value);
        return;
    }
    if (offset >= vector_offset && offset < vector_offset + register_pins) {
        write_bytes(vector_, offset - vector_offset, size, value);
        return;
    }
    switch (offset & ~std::uint64_t{7}) {
        case mask_offset:
            write_mask(write_lanes(mask_, offset, size, value));
            break;
        case htmsi_enable_offset:
            htmsi_enable_ = write_lanes(htmsi_enable_, offset, size, value);
            break;
        case edge_offset:
            write_edge(write_lanes(edge_, offset, size, value));
            break;
        case clear_offset: {
            const std::uint64_t served = place_lanes(offset, size, value) & edge_;
            irr_ &= ~served;
            lower(served);
            break;
        }
        case polarity_offset:
            polarity_ = write_lanes(polarity_, offset, size, value);
            break;
        default:
            break;
    }
}

void PchPic::set_level(unsigned pin, bool level) {
    const std::uint64_t bit = std::uint64_t{1} << pin;
    const bool rising = level && (input_ & bit) == 0;
    input_ = level ? input_ | bit : input_ & ~bit;
    if ((edge_ & bit) != 0) {
        if (!rising) return;
        irr_ |= bit;
        raise(bit);
    } else if (level) {
        irr_ |= bit;
        raise(bit);
    } else {
        irr_ &= ~bit;
        lower(bit);
    }
}

void PchPic::pulse(unsigned pin) {
    const std::uint64_t bit = std::uint64_t{1} << pin;
    if ((edge_ & bit) == 0) return;
    irr_ |= bit;
    raise(bit);
}

void PchPic::raise(std::uint64_t pins) {
    for (pins &= irr_ & ~mask_; pins != 0; pins &= pins - 1) {
        const auto pin = static_cast<unsigned>(std::countr_zero(pins));
        isr_ |= std::uint64_t{1} << pin;
        eiointc_.set_vector(vector_[pin], true);
    }
}

void PchPic::lower(std::uint64_t pins) {
    for (pins &= isr_ & ~irr_; pins != 0; pins &= pins - 1) {
        const auto pin = static_cast<unsigned>(std::countr_zero(pins));
        isr_ &= ~(std::uint64_t{1} << pin);
        eiointc_.set_vector(vector_[pin], false);
    }
}

void PchPic::write_mask(std::uint64_t mask) {
    const std::uint64_t before = mask_;
    mask_ = mask;
    raise(before & ~mask);
    lower(~before & mask);
}

void PchPic::write_edge(std::uint64_t edge) {
    // A pin that turns level forgets latched edges and follows its input.
    const std::uint64_t to_level = edge_ & ~edge;
    edge_ = edge;
    irr_ = (irr_ & ~to_level) | (input_ & to_level);
    raise(to_level);
    lower(to_level);
}

}  // namespace lkvm::la
