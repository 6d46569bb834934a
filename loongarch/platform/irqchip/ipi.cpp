// SPDX-License-Identifier: GPL-2.0-or-later
// Inter-processor interrupts and mailboxes. Loongson 3A5000 manual §10.
#include "loongarch/platform/irqchip/ipi.hpp"

#include "loongarch/platform/irqchip/send_registers.hpp"
#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

// Offsets of the 64-bit words that hold the registers; the second register of a pair is the upper
// half.
constexpr std::uint32_t status_enable = 0x1000;  // STATUS 0x1000, ENABLE 0x1004
constexpr std::uint32_t set_clear = 0x1008;      // SET 0x1008, CLEAR 0x100c
constexpr std::uint32_t mailbox_first = 0x1020;
constexpr std::uint32_t mailbox_end = 0x1040;
constexpr std::uint32_t ipi_send = 0x1040;
constexpr std::uint32_t mail_send = 0x1048;

constexpr std::uint32_t low_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}
constexpr std::uint32_t high_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}
constexpr std::uint64_t join(std::uint32_t low, std::uint32_t high) {
    return low | (std::uint64_t{high} << 32);
}

}  // namespace

void Ipi::reset() {
    for (unsigned cpu = 0; cpu < cpu_count_; ++cpu) {
        state_[cpu].status = 0;
        state_[cpu].enable = 0;
        state_[cpu].mailbox = {};
        update_line(cpu);
    }
}

std::uint64_t Ipi::read(unsigned cpu, std::uint32_t address, unsigned size) const {
    const Cpu& own = state_[cpu];
    const std::uint32_t word = address & ~std::uint32_t{7};
    if (word == status_enable) return read_lanes(join(own.status, own.enable), address, size);
    if (word >= mailbox_first && word < mailbox_end) {
        return read_lanes(own.mailbox[(word - mailbox_first) / 8], address, size);
    }
    return 0;
}

void Ipi::write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) {
    Cpu& own = state_[cpu];
    const std::uint32_t word = address & ~std::uint32_t{7};
    if (word == status_enable) {  // STATUS is read-only
        own.enable = high_half(write_lanes(join(0, own.enable), address, size, value));
        update_line(cpu);
    } else if (word == set_clear) {
        const std::uint64_t bits = place_lanes(address, size, value);
        own.status = (own.status | low_half(bits)) & ~high_half(bits);
        update_line(cpu);
    } else if (word >= mailbox_first && word < mailbox_end) {
        std::uint64_t& mailbox = own.mailbox[(word - mailbox_first) / 8];
        mailbox = write_lanes(mailbox, address, size, value);
    } else if (address == ipi_send && size >= 4) {
        send_interrupt(low_half(value));
    } else if (address == mail_send && size == 8) {
        send_mail(value);
    }
}

void Ipi::update_line(unsigned cpu) {
    Cpu& state = state_[cpu];
    const bool level = (state.status & state.enable) != 0;
    if (level == state.line) return;
    state.line = level;
    cpus_.set_line(cpu, ipi_line, level);
}

void Ipi::send_interrupt(std::uint32_t value) {
    const unsigned cpu = send::Target::get(value);
    if (cpu >= cpu_count_) return;
    state_[cpu].status |= std::uint32_t{1} << send::Vector::get(value);
    update_line(cpu);
}

void Ipi::send_mail(std::uint64_t value) {
    const unsigned cpu = send::Target::get(value);
    if (cpu >= cpu_count_) return;
    const unsigned word = send::MailWord::get(value);
    std::uint64_t& mailbox = state_[cpu].mailbox[word / 2];
    for (unsigned i = 0; i < 4; ++i) {
        if ((send::KeepBytes::get(value) >> i & 1) != 0) continue;
        mailbox = write_lanes(mailbox, 4 * (word % 2) + i, 1, send::Data::get(value) >> (8 * i));
    }
}

}  // namespace lkvm::la
