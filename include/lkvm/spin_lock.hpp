// SPDX-License-Identifier: GPL-2.0-or-later
// The lock of the core: short critical sections, no operating system underneath.
#pragma once

#include <atomic>

namespace lkvm {

/// What a waiting thread does after a while of spinning, for example give up its time slice. Null
/// (keep spinning) until a program sets it; set before threads start.
inline constinit std::atomic<void (*)()> spin_wait_hook{nullptr};

/// Mutual exclusion for a few instructions at a time. Not recursive, not fair. Lock order of the
/// platform: device, then interrupt chips, then whatever CpuInterrupts locks; back ends and sinks
/// are called without any of these unless their contract says otherwise.
class SpinLock {
public:
    SpinLock() = default;
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    void lock() {
        unsigned tries = 0;
        // Acquire pairs with the release in unlock(): what the last holder wrote is visible here.
        while (taken_.test_and_set(std::memory_order_acquire)) {
            while (taken_.test(std::memory_order_relaxed)) {
                if (++tries < spins_before_hook) continue;
                tries = 0;
                if (auto* hook = spin_wait_hook.load(std::memory_order_relaxed)) hook();
            }
        }
    }

    // Release pairs with the acquire in lock().
    void unlock() { taken_.clear(std::memory_order_release); }

private:
    static constexpr unsigned spins_before_hook = 256;

    std::atomic_flag taken_{};  // clear
};

/// Holds a SpinLock for a scope.
class [[nodiscard]] SpinGuard {
public:
    explicit SpinGuard(SpinLock& lock)
        : lock_(lock) {
        lock_.lock();
    }
    ~SpinGuard() { lock_.unlock(); }
    SpinGuard(const SpinGuard&) = delete;
    SpinGuard& operator=(const SpinGuard&) = delete;

private:
    SpinLock& lock_;
};

}  // namespace lkvm
