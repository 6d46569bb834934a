// SPDX-License-Identifier: GPL-2.0-or-later
// A zone's virtio console port on the board's console.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <span>

#include <lkvm/console_backend.hpp>
#include <lkvm/serial_backend.hpp>
#include <lkvm/spin_lock.hpp>

#include "baremetal/device/queue_runner.hpp"

namespace lkvm::hv {

class Terminal final : public ConsoleBackend {
public:
    Terminal() = default;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Once, before use. What the zone writes goes where its UART's output goes.
    void connect(SerialBackend& output, QueueRunner& runner) {
        output_ = &output;
        runner_ = &runner;
    }

    /// The zone's driver uses the port. Any CPU.
    [[nodiscard]] bool is_open() const { return open_.load(std::memory_order_acquire); }
    /// Takes typed bytes from the front; returns how many. Any CPU.
    [[nodiscard]] std::size_t type(std::span<const std::byte> bytes);

    // ConsoleBackend: owner
    [[nodiscard]] std::size_t write(std::span<const std::byte> bytes) override;
    [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
    void guest_opened(bool open) override;

    // QueueRunner's events.
    static constexpr unsigned event_input = 0;  ///< something was typed
    static constexpr unsigned event_room = 3;   ///< more is taken; 1 and 2 are the ControlPort's

private:
    static constexpr std::size_t most_output = 256;  ///< at once

    SerialBackend* output_ = nullptr;
    QueueRunner* runner_ = nullptr;
    std::atomic<bool> open_{false};
    SpinLock lock_;
    std::array<std::byte, 256> typed_{};
    std::size_t typed_size_ = 0;
};

}  // namespace lkvm::hv
