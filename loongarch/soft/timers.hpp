// SPDX-License-Identifier: GPL-2.0-or-later
// Thread that gets the attention of running vCPUs when their timers are due.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace lkvm::la {

class Cpu;
class System;

/// Owned by System; the first arm() makes the thread if start() was not called. Times are ticks of
/// System::counter().
class Timers {
public:
    explicit Timers(System& system)
        : system_(system) {}
    ~Timers();
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;

    /// Makes the thread while the caller can still be told, by std::system_error, that the host
    /// gives none.
    void start();

    /// Any thread: `cpu` is to look at its timer at `deadline`, which Cpu::timer_deadline() will
    /// say at the latest when the caller next runs guest code.
    void arm(Cpu& cpu, std::uint64_t deadline);

    /// While locked, no Cpu is looked at.
    void lock() { mutex_.lock(); }
    void unlock() { mutex_.unlock(); }

private:
    void start_locked();
    void run();

    System& system_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t next_ = UINT64_MAX;  ///< what run() sleeps for
    bool stop_ = false;
    std::thread thread_;
};

}  // namespace lkvm::la
