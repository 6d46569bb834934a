// SPDX-License-Identifier: GPL-2.0-or-later
// Guest console output on its way to a file descriptor that may be slow or go away.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

namespace lkvm::vmm {

/// Queue with a thread of its own that writes to the descriptor, so that a slow reader never stops
/// the main thread. Nothing is lost as long as the reader stays: writers wait while the queue is
/// full. All members: any thread.
class ConsoleOutput {
public:
    /// Bytes that wait before writers do.
    static constexpr std::size_t capacity = 64 * 1024;

    /// Told once, on the writing thread, when the descriptor refuses output for good, with the
    /// error number. `fd` stays the caller's and open.
    class BrokenSink {
    public:
        virtual void console_broken(int error) = 0;

    protected:
        ~BrokenSink() = default;  // never deleted through the interface
    };

    ConsoleOutput(int fd, BrokenSink& sink);
    /// Gives up what is still queued.
    ~ConsoleOutput();
    ConsoleOutput(const ConsoleOutput&) = delete;
    ConsoleOutput& operator=(const ConsoleOutput&) = delete;

    /// Waits while the queue is full, unless set_unlimited(true).
    void write(std::span<const std::byte> bytes);
    /// Takes what fits right now, from the front; returns how many bytes. If not all, the room
    /// handler is called once there is room again.
    [[nodiscard]] std::size_t write_some(std::span<const std::byte> bytes);
    /// Null: nobody wants to know. Called on the writing thread, must not wait.
    void set_room_handler(std::function<void()> handler);
    /// Lets the queue grow over its capacity, so that no writer waits.
    void set_unlimited(bool unlimited);
    /// Waits until everything is written, the descriptor broke, or the time is over. True if
    /// nothing is left.
    bool drain(std::chrono::milliseconds at_most);

private:
    struct Shared;

    /// Shared with the thread, which may outlive this object inside a blocked write.
    std::shared_ptr<Shared> shared_;
};

}  // namespace lkvm::vmm
