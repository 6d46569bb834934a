// SPDX-License-Identifier: GPL-2.0-or-later
// Loongson 7A1000 manual, interrupt controller; 3A5000 manual, extended I/O interrupts.
#include "baremetal/irq/board_interrupts.hpp"

#include <bit>

#include <lkvm/assert.hpp>

#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::hv {

constinit BoardInterrupts board_interrupts;

namespace {

// PCH-PIC, a bit per pin in two words, or a byte per pin.
constexpr std::uint64_t mask_register = 0x20;
constexpr std::uint64_t message_enable = 0x40;
constexpr std::uint64_t edge_register = 0x60;
constexpr std::uint64_t clear_register = 0x80;
constexpr std::uint64_t vector_bytes = 0x200;
constexpr std::uint64_t polarity_register = 0x3e0;

// EIOINTC, IOCSR space; vector n is pin n.
constexpr std::uint32_t misc_function = 0x420;
constexpr std::uint32_t extended_enable_high = 1u << 16;  // bit 48
constexpr std::uint32_t line_map = 0x14c0;
constexpr std::uint32_t vector_enable = 0x1600;
constexpr std::uint32_t bounce = 0x1680;
constexpr std::uint32_t pending_here = 0x1800;
constexpr std::uint32_t route_bytes = 0x1c00;
constexpr unsigned vectors_per_word = 32;
constexpr unsigned word_count = BoardInterrupts::max_pins / vectors_per_word;

volatile std::uint32_t& pic(std::uint64_t offset) {
    // Device registers: every access happens, in order.
    return *reinterpret_cast<volatile std::uint32_t*>(
        uncached_window | (la::memory_map::pch_pic_base.value + offset));
}
volatile std::uint32_t& pic_word(std::uint64_t offset, unsigned pin) {
    return pic(offset + 4 * (pin / vectors_per_word));
}
std::uint32_t bit_of(unsigned pin) {
    return 1u << (pin % vectors_per_word);
}
void set_bit(volatile std::uint32_t& word, unsigned pin, bool on) {
    const std::uint32_t value = word;
    word = on ? value | bit_of(pin) : value & ~bit_of(pin);
}

/// A byte of IOCSR space through its word.
void write_iocsr_byte(std::uint32_t address, std::uint32_t value) {
    const unsigned shift = 8 * (address % 4);
    const std::uint32_t word = read_iocsr(address - address % 4);
    write_iocsr(address - address % 4, (word & ~(0xffu << shift)) | value << shift);
}

}  // namespace

void BoardInterrupts::connect(unsigned pin, BoardInterruptOwner& owner) {
    LKVM_ASSERT(pin < max_pins && owners_[pin] == nullptr);
    owners_[pin] = &owner;
    used_ |= std::uint64_t{1} << pin;
}

void BoardInterrupts::start() {
    const unsigned cpu = this_cpu();
    LKVM_ASSERT(cpu < 4);
    write_iocsr(misc_function + 4, read_iocsr(misc_function + 4) | extended_enable_high);
    for (unsigned word = 0; word < word_count; ++word) {
        pic(mask_register + 4 * word) = 0xffffffff;
        pic(clear_register + 4 * word) = 0xffffffff;
        write_iocsr(bounce + 4 * word, 0xffffffff);
    }
    for (unsigned group = 0; group < word_count; ++group) {
        write_iocsr_byte(line_map + group, 1u << (cpu_line - 2));
    }
    for (std::uint64_t pins = used_; pins != 0; pins &= pins - 1) {
        const auto pin = static_cast<unsigned>(std::countr_zero(pins));
        const std::uint32_t vector_shift = 8 * (pin % 4);
        volatile std::uint32_t& vectors = pic(vector_bytes + pin - pin % 4);
        vectors = (vectors & ~(0xffu << vector_shift)) | pin << vector_shift;
        set_bit(pic_word(message_enable, pin), pin, true);
        set_bit(pic_word(edge_register, pin), pin, (edge_ >> pin & 1) != 0);
        set_bit(pic_word(polarity_register, pin), pin, false);
        write_iocsr_byte(route_bytes + pin, 1u << cpu);
        const std::uint32_t enable = vector_enable + 4 * (pin / vectors_per_word);
        write_iocsr(enable, read_iocsr(enable) | bit_of(pin));
    }
}

void BoardInterrupts::set_mask(unsigned pin, bool masked) {
    const SpinGuard guard{lock_};
    set_bit(pic_word(mask_register, pin), pin, masked);
}

void BoardInterrupts::take() {
    for (unsigned word = 0; word < word_count; ++word) {
        const std::uint32_t pending = read_iocsr(pending_here + 4 * word);
        if (pending == 0) continue;
        for (std::uint32_t bits = pending; bits != 0; bits &= bits - 1) {
            const auto pin =
                word * vectors_per_word + static_cast<unsigned>(std::countr_zero(bits));
            // Masked first, so that what is cleared does not come again at once; an edge that
            // comes from now on waits for the unmasking.
            mask(pin);
            if ((edge_ >> pin & 1) != 0) pic_word(clear_register, pin) = bit_of(pin);
        }
        write_iocsr(pending_here + 4 * word, pending);
        for (std::uint32_t bits = pending; bits != 0; bits &= bits - 1) {
            const auto pin =
                word * vectors_per_word + static_cast<unsigned>(std::countr_zero(bits));
            if (owners_[pin] != nullptr) owners_[pin]->fired();
        }
    }
}

}  // namespace lkvm::hv
