// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/console/console.hpp"

#include <lkvm/field.hpp>

#include "baremetal/cpu/csr_access.hpp"

namespace lkvm::hv {

constinit Console console;

namespace {

// 16550 registers, one byte each.
constexpr std::uint64_t uart_base = 0x1fe001e0;
constexpr std::uint64_t data_register = 0;
constexpr std::uint64_t line_status_register = 5;
constexpr std::uint8_t data_ready = 0x01;
constexpr std::uint8_t transmitter_empty = 0x20;

volatile std::uint8_t& uart(std::uint64_t offset) {
    // Device registers: every access happens, in order.
    return *reinterpret_cast<volatile std::uint8_t*>(uncached_window | (uart_base + offset));
}

}  // namespace

void Console::put(char c) {
    while ((uart(line_status_register) & transmitter_empty) == 0) {
    }
    uart(data_register) = static_cast<std::uint8_t>(c);
}

void Console::put(std::string_view text) {
    for (const char c : text) put(c);
}

void Console::put_hex(std::uint64_t value) {
    put("0x");
    bool started = false;
    for (int shift = 60; shift >= 0; shift -= 4) {
        const auto digit = static_cast<unsigned>(value >> shift) & 0xf;
        started = started || digit != 0 || shift == 0;
        if (started) put("0123456789abcdef"[digit]);
    }
}

/// Makes what comes next stand on a line of `owner`.
void Console::begin_line(std::size_t owner) {
    if (!at_line_start_ && owner != line_owner_) end_line();
    if (!at_line_start_) return;
    if (prefixes_ || owner == hypervisor) {
        put('[');
        put(owner == hypervisor ? std::string_view{"zones"} : zones_[owner].name);
        put("] ");
    }
    line_owner_ = owner;
    at_line_start_ = false;
}

void Console::end_line() {
    put("\r\n");
    at_line_start_ = true;
}

void Console::flush(std::size_t zone) {
    Pending& pending = zones_[zone];
    if (pending.size == 0) return;
    begin_line(zone);
    put({pending.text.data(), pending.size});
    pending.size = 0;
}

void Console::set_focus(std::size_t zone) {
    const SpinGuard guard{lock_};
    focus_ = zone;
    flush(zone);
}

void Console::write(std::size_t zone, std::span<const std::byte> bytes) {
    const SpinGuard guard{lock_};
    Pending& pending = zones_[zone];
    for (const std::byte byte : bytes) {
        const auto c = static_cast<char>(byte);
        if (c == '\n') {
            flush(zone);
            begin_line(zone);
            end_line();
        } else if (zone == focus_) {
            if (c == '\r') continue;  // comes with the end of the line
            begin_line(zone);
            put(c);
        } else if (c != '\r') {
            if (pending.size == pending.text.size()) flush(zone);
            pending.text[pending.size++] = c;
        }
    }
}

void Console::line(std::string_view what) {
    const SpinGuard guard{lock_};
    begin_line(hypervisor);
    put(what);
    end_line();
}

void Console::line(std::string_view what, std::uint64_t value) {
    const SpinGuard guard{lock_};
    begin_line(hypervisor);
    put(what);
    put(' ');
    put_hex(value);
    end_line();
}

void Console::line(std::string_view zone, std::string_view what) {
    const SpinGuard guard{lock_};
    begin_line(hypervisor);
    put(zone);
    put(' ');
    put(what);
    end_line();
}

void Console::line(std::string_view zone, std::string_view device, std::string_view what,
                   std::uint64_t value) {
    const SpinGuard guard{lock_};
    begin_line(hypervisor);
    for (const std::string_view part : {zone, device}) {
        put(part);
        put(": ");
    }
    put(what);
    put(' ');
    put_hex(value);
    end_line();
}

int Console::read() {
    if ((uart(line_status_register) & data_ready) == 0) return -1;
    return uart(data_register);
}

}  // namespace lkvm::hv
