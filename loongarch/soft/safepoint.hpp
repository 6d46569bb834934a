// SPDX-License-Identifier: GPL-2.0-or-later
// Stopping all vCPU threads between two instructions.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>

namespace lkvm::la {

/// Counts the vCPU threads that are inside the guest and lets one thread at a time run alone.
class Safepoint {
public:
    /// `interrupt_all` must make every vCPU call poll() or leave() soon; called with no lock held.
    explicit Safepoint(std::function<void()> interrupt_all)
        : interrupt_all_(std::move(interrupt_all)) {}

    /// vCPU thread: from now on inside the guest. Blocks while somebody runs alone.
    void enter();
    /// vCPU thread: from now on outside (idle, finished).
    void leave();
    /// vCPU thread, between two instructions: waits if somebody wants to run alone.
    void poll();

    /// Begins running alone: returns when no vCPU is inside the guest, except the caller if
    /// `inside` says that it is a vCPU thread between enter() and leave(), in the middle of an
    /// instruction. While it waits, another thread may have run alone. Not recursive.
    void begin_exclusive(bool inside);
    void end_exclusive(bool inside);

private:
    std::function<void()> interrupt_all_;
    std::mutex mutex_;
    std::condition_variable changed_;
    unsigned inside_ = 0;
    bool exclusive_ = false;
};

}  // namespace lkvm::la
