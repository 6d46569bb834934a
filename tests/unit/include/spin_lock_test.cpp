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
    spin_wait_hook = [] {
        ++hook_calls;
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

}  // namespace
}  // namespace lkvm::test
