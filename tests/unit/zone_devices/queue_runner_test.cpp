// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/queue_runner.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/zone_devices/fakes.hpp"

namespace lkvm::hv {
namespace {

struct Work final : BackendWork {
    void work(unsigned event) override {
        if (inside.exchange(true)) overlaps = true;
        ++count[event];
        if (again != nullptr && left > 0) {
            --left;
            again->raise(event);
        }
        inside = false;
    }
    std::atomic<bool> inside{false};
    std::atomic<bool> overlaps{false};
    std::atomic<unsigned> count[QueueRunner::max_events]{};
    QueueRunner* again = nullptr;
    unsigned left = 0;
};

class Never final : public virtio::WaitCondition {
public:
    [[nodiscard]] bool met() const override { return false; }
};

class QueueRunnerTest : public ::testing::Test {
protected:
    QueueRunnerTest() { runner.connect(transport, &work); }

    ManualClock clock;
    CountingDoorbell doorbell;
    IdleDevice device;
    test::TestRam ram;
    test::RecordingPulse pulse;
    test::RecordingLog log;
    Work work;
    QueueRunner runner{clock, doorbell, 0};
    virtio::MmioTransport transport{
        device, {ram.memory, pulse, runner, log}, "idle", virtio::RingFormat::split};
};

TEST_F(QueueRunnerTest, RingsOnceForSeveralEventsOfAKind) {
    runner.raise(3);
    runner.raise(3);
    EXPECT_EQ(doorbell.rung, 1U);
    runner.raise(4);
    EXPECT_EQ(doorbell.rung, 2U);
    EXPECT_TRUE(runner.serve());
    EXPECT_FALSE(runner.serve());
    EXPECT_EQ(work.count[3], 1U);
    EXPECT_EQ(work.count[4], 1U);
    runner.raise(3);
    EXPECT_EQ(doorbell.rung, 3U);
}

TEST_F(QueueRunnerTest, DoesOneThingAtATimeAndGivesEachItsTurn) {
    work.again = &runner;
    work.left = 100;
    runner.raise(0);
    runner.raise(5);
    EXPECT_TRUE(runner.serve());
    EXPECT_EQ(work.count[0], 1U);
    EXPECT_EQ(work.count[5], 0U);
    // Although the first wants more already.
    EXPECT_TRUE(runner.serve());
    EXPECT_EQ(work.count[0], 1U);
    EXPECT_EQ(work.count[5], 1U);
    unsigned calls = 0;
    while (runner.serve()) ASSERT_LT(++calls, 200U);
    EXPECT_EQ(work.count[0] + work.count[5], 102U);
}

TEST_F(QueueRunnerTest, WaitsForABoundedTime) {
    clock.step = 1'000'000;
    runner.wait(Never{});
    EXPECT_GE(clock.now, QueueRunner::longest_wait_ns);
    EXPECT_LT(clock.now, 3 * QueueRunner::longest_wait_ns);
    // Interrupts are looked at meanwhile.
    EXPECT_GE(doorbell.pauses, 9U);
}

TEST_F(QueueRunnerTest, LetsOneCpuInAndLosesNothing) {
    constexpr unsigned cpus = 4;
    constexpr unsigned rounds = 20000;
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < cpus; ++i) {
        threads.emplace_back([this, i] {
            for (unsigned n = 0; n < rounds; ++n) {
                const unsigned before = work.count[i];
                runner.raise(i);
                // Only this thread raises event i: it is done, by whomever, soon.
                while (work.count[i] == before) static_cast<void>(runner.serve());
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(work.overlaps);
    for (unsigned i = 0; i < cpus; ++i) EXPECT_EQ(work.count[i], rounds);
}

}  // namespace
}  // namespace lkvm::hv
