// SPDX-License-Identifier: GPL-2.0-or-later
// Console port of a guest on the user's terminal.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>
#include <vector>

#include <lkvm/console_backend.hpp>

#include "vmm/devices/terminal_side.hpp"
#include "vmm/host/event_loop.hpp"

namespace lkvm::vmm {

/// Between the main thread, which reads the terminal, and the console's loop.
class TerminalPort final : public ConsoleBackend {
public:
    /// Called on the loop when the device should look again.
    struct Wake {
        std::function<void()> input_ready;
        std::function<void()> output_ready;
    };

    /// Before the loop starts.
    TerminalPort(TerminalSide& terminal, EventLoop& loop, const Wake& wake);
    ~TerminalPort();
    TerminalPort(const TerminalPort&) = delete;
    TerminalPort& operator=(const TerminalPort&) = delete;

    /// Any thread: the guest's driver uses the port.
    [[nodiscard]] bool is_open() const { return open_.load(std::memory_order_acquire); }
    /// Any thread. Takes typed bytes from the front; returns how many.
    [[nodiscard]] std::size_t type(std::span<const std::byte> bytes);

    [[nodiscard]] std::size_t write(std::span<const std::byte> bytes) override;
    [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
    void guest_opened(bool open) override;

private:
    static constexpr std::size_t most_typed = 4096;

    TerminalSide& terminal_;
    EventLoop& loop_;
    unsigned input_trigger_ = 0;
    unsigned output_trigger_ = 0;
    std::atomic<bool> open_{false};
    std::mutex mutex_;
    std::vector<std::byte> typed_;
};

}  // namespace lkvm::vmm
