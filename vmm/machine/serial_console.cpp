// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/serial_console.hpp"

namespace lkvm::vmm {

void SerialConsole::transmit(std::span<const std::byte> bytes) {
    output_.write(bytes);
    watch_for_panic(bytes);
}

std::size_t SerialConsole::output(std::span<const std::byte> bytes) {
    const std::size_t count = output_.write_some(bytes);
    watch_for_panic(bytes.first(count));
    return count;
}

void SerialConsole::watch_for_panic(std::span<const std::byte> bytes) {
    const std::lock_guard lock(panic_mutex_);
    if (panic_.seen()) return;
    panic_.feed(bytes);
    if (panic_.seen()) wake_.signal();
}

bool SerialConsole::panic_seen() {
    const std::lock_guard lock(panic_mutex_);
    return panic_.seen();
}

void SerialConsole::forget_panic() {
    const std::lock_guard lock(panic_mutex_);
    panic_.reset();
}

KeyCommand SerialConsole::type(std::span<const std::byte>& bytes) {
    return keys_.take(bytes, waiting_);
}

void SerialConsole::pump(la::Uart16550& uart, TerminalPort* port) {
    const bool to_port = port != nullptr && port->is_open();
    std::size_t done = 0;
    while (done < waiting_.size()) {
        const auto rest = std::span<const std::byte>{waiting_}.subspan(done);
        const std::size_t taken = to_port ? port->type(rest) : uart.receive(rest);
        if (taken == 0) break;
        done += taken;
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
}

}  // namespace lkvm::vmm
