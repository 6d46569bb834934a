// SPDX-License-Identifier: GPL-2.0-or-later
// The lock of the core: short critical sections, no operating system underneath.
#pragma once

#include <atomic>
#include <cstdint>

namespace lkvm {

/// Called again and again by a thread that waits for a SpinLock, for example to give up its time
/// slice; `turn` counts the calls of this wait from 0. Null (keep spinning) until a program sets
/// it; set before threads start.
inline constinit std::atomic<void (*)(unsigned turn)> spin_wait_hook{nullptr};

/// True: who comes first gets a SpinLock first, so that nobody waits longer than the others hold it
/// once each. For CPUs that wait with nothing to take them away: a thread that had lost its CPU
/// would keep its place in the queue and let all behind it wait. Set before a second CPU comes.
inline constinit std::atomic<bool> spin_in_order{false};

/// Mutual exclusion for a few instructions at a time. Not recursive. Lock order of the
/// platform: device, then interrupt chips, then whatever CpuInterrupts locks; back ends and sinks
/// are called without any of these unless their contract says otherwise.
class SpinLock {
public:
    SpinLock() = default;
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    void lock() {
        if (!spin_in_order.load(std::memory_order_relaxed)) {
            if (!try_lock()) wait([this] { return try_lock(); });
            return;
        }
        const std::uint32_t ticket = next_.fetch_add(1, std::memory_order_relaxed);
        if (!is_turn_of(ticket)) wait([this, ticket] { return is_turn_of(ticket); });
    }

    /// False: somebody has it or waits for it.
    [[nodiscard]] bool try_lock() {
        std::uint32_t ticket = serving_.load(std::memory_order_relaxed);
        // Looks before it writes, for the sake of the holder's cache line.
        return next_.load(std::memory_order_relaxed) == ticket &&
               next_.compare_exchange_strong(ticket, ticket + 1, std::memory_order_relaxed) &&
               is_turn_of(ticket);
    }

    /// How many wait in order; it changes at any time. For tests.
    [[nodiscard]] std::uint32_t waiting() const {
        const std::uint32_t ahead = next_.load() - serving_.load();
        return ahead == 0 ? 0 : ahead - 1;
    }

    /// Release pairs with the acquire in is_turn_of(). Only the holder changes the number.
    void unlock() {
        serving_.store(serving_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }

private:
    static constexpr unsigned looks_per_turn = 256;

    /// Acquire pairs with the release in unlock(): what the last holder wrote is visible.
    [[nodiscard]] bool is_turn_of(std::uint32_t ticket) const {
        return serving_.load(std::memory_order_acquire) == ticket;
    }

    template<class Done>
    [[gnu::noinline]] static void wait(Done done) {
        for (unsigned turn = 0;; ++turn) {
            if (auto* hook = spin_wait_hook.load(std::memory_order_relaxed)) hook(turn);
            for (unsigned looks = 0; looks < looks_per_turn; ++looks) {
                if (done()) return;
            }
        }
    }

    std::atomic<std::uint32_t> next_{0};
    std::atomic<std::uint32_t> serving_{0};
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
