// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/console/console.hpp"

#include "baremetal/control/line_writer.hpp"
#include "baremetal/cpu/clock.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/zone/zone.hpp"

namespace lkvm::hv {

constinit Console console;

namespace {

// 16550 registers, one byte each.
constexpr std::uint64_t uart_base = 0x1fe001e0;
constexpr std::uint64_t data_register = 0;
constexpr std::uint64_t interrupt_identification = 2;
constexpr std::uint64_t fifo_control = 2;
constexpr std::uint64_t line_status_register = 5;
constexpr std::uint8_t data_ready = 0x01;
constexpr std::uint8_t transmitter_empty = 0x20;
constexpr std::uint8_t fifo_enable = 0x01;
constexpr std::uint8_t fifo_enabled = 0xc0;
constexpr unsigned fifo_size = 16;

/// What goes out in a period, if the UART is that fast.
constexpr std::size_t bytes_per_period = 256;
constexpr std::uint64_t periods_per_second = 1000;

volatile std::uint8_t& uart(std::uint64_t offset) {
    // Device registers: every access happens, in order.
    return *reinterpret_cast<volatile std::uint8_t*>(uncached_window | (uart_base + offset));
}

bool uart_is_empty() {
    return (uart(line_status_register) & transmitter_empty) != 0;
}

void put_at_once(std::string_view text) {
    for (const char c : text) {
        while (!uart_is_empty()) {
        }
        uart(data_register) = static_cast<std::uint8_t>(c);
    }
}

}  // namespace

std::uint64_t Console::period() {
    return zones_clock().frequency() / periods_per_second;
}

void Console::share(void (*wake)()) {
    flush();
    uart(fifo_control) = fifo_enable;
    wake_ = wake;
}

bool Console::send(std::size_t most) {
    const SpinGuard guard{sending_};
    for (std::size_t sent = 0; sent < most;) {
        if (out_first_ == out_size_) {
            const SpinGuard taking{lock_};
            out_first_ = 0;
            out_size_ = mux_.take(out_);
            for (auto& full : full_) full.store(false, std::memory_order_relaxed);
            if (out_size_ == 0) return mux_.has_more();
        }
        if (burst_ == 0) {
            if (!uart_is_empty()) return true;
            const bool fifo = (uart(interrupt_identification) & fifo_enabled) == fifo_enabled;
            burst_ = fifo ? fifo_size : 1;
        }
        for (; burst_ != 0 && out_first_ != out_size_; --burst_, ++sent) {
            uart(data_register) = static_cast<std::uint8_t>(out_[out_first_++]);
        }
    }
    return true;
}

void Console::drain() {
    if (!is_draining()) return;
    const std::uint64_t now = read_counter();
    if (now - drained_at_ < period()) return;
    drained_at_ = now;
    {
        const SpinGuard guard{lock_};
        mux_.pass_time();
    }
    // Whoever writes from here on finds that it has to wake this CPU, or is seen by send().
    draining_.store(false, std::memory_order_seq_cst);
    if (send(bytes_per_period)) draining_.store(true, std::memory_order_relaxed);
}

void Console::flush() {
    do {
        const SpinGuard guard{lock_};
        mux_.lose_patience();
    } while (send(bytes_per_period));
}

void Console::note_output() {
    if (wake_ == nullptr) return flush();
    if (draining_.load(std::memory_order_seq_cst)) return;
    if (!draining_.exchange(true, std::memory_order_seq_cst)) wake_();
}

void Console::set_focus(std::size_t zone) {
    {
        const SpinGuard guard{lock_};
        mux_.set_focus(zone);
    }
    note_output();
}

bool Console::write(std::size_t zone, std::span<const std::byte> bytes) {
    if (full_[zone].load(std::memory_order_relaxed)) return false;
    {
        const SpinGuard guard{lock_};
        if (!mux_.write(zone, bytes)) {
            full_[zone].store(true, std::memory_order_relaxed);
            return false;
        }
    }
    note_output();
    return true;
}

bool Console::line(std::size_t zone, std::string_view name, std::string_view what) {
    std::array<char, OutputMux::most_written> buffer;
    LineWriter text{buffer};
    text.add(name);
    if (!name.empty()) text.add(' ');
    text.add(what);
    {
        const SpinGuard guard{lock_};
        if (!mux_.line(zone, text.text())) return false;
    }
    note_output();
    return true;
}

void Console::line(std::string_view what) {
    static_cast<void>(line(OutputMux::hypervisor, {}, what));
}

void Console::line(std::string_view what, std::uint64_t value) {
    std::array<char, OutputMux::most_written> buffer;
    LineWriter text{buffer};
    line(text.add(what).add(' ').hex(value).text());
}

void Console::last_words(std::string_view what, std::uint64_t value) {
    std::array<char, OutputMux::most_written> buffer;
    LineWriter text{buffer};
    put_at_once(text.add("\r\n[zones] ").add(what).add(' ').hex(value).add("\r\n").text());
}

int Console::read() {
    if ((uart(line_status_register) & data_ready) == 0) return -1;
    return uart(data_register);
}

}  // namespace lkvm::hv
