// SPDX-License-Identifier: GPL-2.0-or-later
// Has an event loop do something later.
#pragma once

#include <chrono>

#include "vmm/host/event_loop.hpp"
#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

/// One-shot timer of a loop. All members: loop.
class LoopTimer {
public:
    /// `loop` outlives this. Panics if the host is out of file descriptors.
    LoopTimer(EventLoop& loop, EventLoop::Handler handler);
    ~LoopTimer();
    LoopTimer(const LoopTimer&) = delete;
    LoopTimer& operator=(const LoopTimer&) = delete;

    /// Calls the handler once after this time, instead of any time given before.
    void start(std::chrono::nanoseconds after);
    void cancel();
    [[nodiscard]] bool running() const { return running_; }

private:
    EventLoop& loop_;
    EventLoop::Handler handler_;
    UniqueFd fd_;
    bool running_ = false;
};

}  // namespace lkvm::vmm
