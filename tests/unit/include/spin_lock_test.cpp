// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/spin_lock.hpp>

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

std::atomic<unsigned> hook_calls{0};

/// Locks as bare metal does.
class InOrder {
public:
    InOrder() { spin_in_order = true; }
    ~InOrder() { spin_in_order = false; }
    InOrder(const InOrder&) = delete;
    InOrder& operator=(const InOrder&) = delete;
};

unsigned count_with_threads(unsigned thread_count, unsigned turns) {
    SpinLock lock;
    unsigned counter = 0;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < thread_count; ++i) {
        threads.emplace_back([&] {
            for (unsigned n = 0; n < turns; ++n) {
                const SpinGuard guard(lock);
                ++counter;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    return counter;
}

TEST(SpinLock, LetsOneThreadInAtATime) {
    EXPECT_EQ(count_with_threads(4, 10000), 40000u);
}

TEST(SpinLock, LetsOneThreadInAtATimeInOrder) {
    const InOrder in_order;
    // Few turns: each may cost a time slice of a thread that waits for one without a CPU.
    EXPECT_EQ(count_with_threads(2, 100), 200u);
}

TEST(SpinLock, IsTriedOnceByThoseWhoDoNotWait) {
    SpinLock lock;
    EXPECT_TRUE(lock.try_lock());
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
    EXPECT_TRUE(lock.try_lock());
    lock.unlock();
}

TEST(SpinLock, CallsTheHookWhileItWaits) {
    spin_wait_hook = [](unsigned turn) {
        EXPECT_EQ(turn, hook_calls++);
        std::this_thread::yield();
    };
    SpinLock lock;
    lock.lock();
    std::thread waiter([&] { const SpinGuard guard(lock); });
    while (hook_calls == 0) std::this_thread::yield();
    lock.unlock();
    waiter.join();
    spin_wait_hook = nullptr;
    EXPECT_GE(hook_calls, 1u);
}

TEST(SpinLock, ServesThoseWhoWaitInOrder) {
    const InOrder in_order;
    spin_wait_hook = [](unsigned) { std::this_thread::yield(); };
    SpinLock lock;
    lock.lock();
    std::vector<unsigned> order;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        threads.emplace_back([&, i] {
            const SpinGuard guard(lock);
            order.push_back(i);
        });
        // It waits before the next one comes.
        while (lock.waiting() != i + 1) std::this_thread::yield();
    }
    EXPECT_FALSE(lock.try_lock());
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
    spin_wait_hook = nullptr;
    EXPECT_EQ(order, (std::vector<unsigned>{0, 1, 2, 3}));
    EXPECT_EQ(lock.waiting(), 0u);
}

}  // namespace
}  // namespace lkvm::test
