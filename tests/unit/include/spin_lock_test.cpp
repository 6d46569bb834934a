// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/spin_lock.hpp>

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

std::atomic<unsigned> hook_calls{0};

TEST(SpinLock, LetsOneThreadInAtATime) {
    SpinLock lock;
    unsigned counter = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 10000; ++n) {
                const SpinGuard guard(lock);
                ++counter;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(counter, 40000u);
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
    SpinLock lock;
    lock.lock();
    std::vector<unsigned> order;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < 4; ++i) {
        hook_calls = 0;
        spin_wait_hook = [](unsigned turn) {
            if (turn == 0) ++hook_calls;
            std::this_thread::yield();
        };
        threads.emplace_back([&, i] {
            const SpinGuard guard(lock);
            order.push_back(i);
        });
        // It waits before the next one comes.
        while (hook_calls == 0) std::this_thread::yield();
    }
    lock.unlock();
    for (std::thread& thread : threads) thread.join();
    spin_wait_hook = nullptr;
    EXPECT_EQ(order, (std::vector<unsigned>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace lkvm::test
