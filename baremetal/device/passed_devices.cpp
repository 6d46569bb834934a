// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/passed_devices.hpp"

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

/// The PCH-PIC's mask: a bit per pin, 1: masked.
constexpr std::uint64_t mask_offset = 0x20;
constexpr std::uint64_t mask_size = 8;

}  // namespace

std::size_t PassedInterrupts::add(unsigned pin, PhysicalInterrupt& physical) {
    LKVM_ASSERT(count_ < interrupts_.size());
    interrupts_[count_] = {pin, &physical};
    return count_++;
}

void PassedInterrupts::fired(std::size_t which) {
    chips_.level_pin(interrupts_[which].pin).set_level(true);
}

void PassedInterrupts::reset() {
    for (std::size_t i = 0; i < count_; ++i) {
        interrupts_[i].physical->mask();
        chips_.level_pin(interrupts_[i].pin).set_level(false);
    }
}

std::uint64_t PassedInterrupts::read(std::uint64_t offset, unsigned size) {
    return chips_.pch_pic().read(offset, size);
}

void PassedInterrupts::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    const bool masks = offset >= mask_offset && offset < mask_offset + mask_size;
    const std::uint64_t before = masks ? chips_.pch_pic().read(mask_offset, mask_size) : 0;
    const auto unmasks = [&](unsigned pin) {
        const auto first = static_cast<unsigned>(8 * (offset - mask_offset));
        return masks && pin >= first && pin < first + 8 * size &&
               (value >> (pin - first) & 1) == 0 && (before >> pin & 1) != 0;
    };
    // The handler is done: the pin falls before it is unmasked, lest it be reported once more.
    for (std::size_t i = 0; i < count_; ++i) {
        if (unmasks(interrupts_[i].pin)) chips_.level_pin(interrupts_[i].pin).set_level(false);
    }
    chips_.pch_pic().write(offset, size, value);
    for (std::size_t i = 0; i < count_; ++i) {
        if (unmasks(interrupts_[i].pin)) interrupts_[i].physical->unmask();
    }
}

}  // namespace lkvm::hv
