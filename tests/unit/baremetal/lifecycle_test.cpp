// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/life/lifecycle.hpp"

#include <array>
#include <random>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

/// A zone of two CPUs that do at once what they are told.
class LifecycleTest : public testing::Test {
protected:
    void boot() {
        ASSERT_TRUE(life.start().has_value());
        ASSERT_EQ(life.duty(0), Duty::load);
        life.loaded();
    }
    void enter_both() {
        ASSERT_EQ(life.duty(0), Duty::run);
        ASSERT_EQ(life.duty(1), Duty::run);
    }
    void leave_both() {
        life.left();
        life.left();
    }

    Lifecycle life{2};
};

TEST_F(LifecycleTest, LoadsOnTheFirstCpuOnlyAndThenRunsOnAll) {
    EXPECT_EQ(life.duty(0), Duty::wait);
    ASSERT_TRUE(life.start().has_value());
    EXPECT_EQ(life.duty(1), Duty::wait);
    EXPECT_EQ(life.duty(0), Duty::load);
    EXPECT_FALSE(life.may_run());
    life.loaded();
    EXPECT_TRUE(life.may_run());
    enter_both();
    EXPECT_EQ(life.state(), ZoneState::running);
    EXPECT_EQ(life.lives(), 1u);
}

TEST_F(LifecycleTest, ReleasesRamOnlyWhenTheLastCpuHasLeft) {
    boot();
    enter_both();
    ASSERT_TRUE(life.stop().has_value());
    EXPECT_FALSE(life.may_run());
    life.left();
    EXPECT_EQ(life.duty(0), Duty::wait);
    EXPECT_EQ(life.state(), ZoneState::stopping);
    life.left();
    EXPECT_EQ(life.duty(1), Duty::wait);
    EXPECT_EQ(life.duty(0), Duty::release);
    life.released();
    EXPECT_EQ(life.state(), ZoneState::stopped);
    EXPECT_EQ(life.duty(0), Duty::wait);
}

TEST_F(LifecycleTest, LoadsAgainAfterResetWhenAllHaveLeft) {
    boot();
    enter_both();
    ASSERT_TRUE(life.reset().has_value());
    life.left();
    EXPECT_EQ(life.duty(0), Duty::wait);
    life.left();
    EXPECT_EQ(life.state(), ZoneState::starting);
    EXPECT_EQ(life.duty(0), Duty::load);
    life.loaded();
    EXPECT_EQ(life.lives(), 2u);
}

TEST_F(LifecycleTest, PausesAndGoesOn) {
    boot();
    enter_both();
    ASSERT_TRUE(life.pause().has_value());
    EXPECT_EQ(life.state(), ZoneState::pausing);
    EXPECT_FALSE(life.resume().has_value());
    leave_both();
    EXPECT_EQ(life.state(), ZoneState::paused);
    EXPECT_EQ(life.duty(0), Duty::wait);
    ASSERT_TRUE(life.resume().has_value());
    enter_both();
    EXPECT_EQ(life.lives(), 1u);
}

TEST_F(LifecycleTest, ParksOnceAndStartsAgain) {
    boot();
    enter_both();
    EXPECT_TRUE(life.park("did this"));
    EXPECT_FALSE(life.park("did that"));
    life.guest_reset();  // too late
    leave_both();
    EXPECT_EQ(life.state(), ZoneState::parked);
    EXPECT_FALSE(life.resume().has_value());
    ASSERT_TRUE(life.start().has_value());
    EXPECT_EQ(life.duty(0), Duty::load);
}

TEST_F(LifecycleTest, ParksWhatCannotBeLoaded) {
    ASSERT_TRUE(life.start().has_value());
    ASSERT_EQ(life.duty(0), Duty::load);
    life.loaded("cannot be loaded");
    EXPECT_EQ(life.state(), ZoneState::parked);
    EXPECT_STREQ(life.reason(), "cannot be loaded");
    ASSERT_TRUE(life.stop().has_value());
    EXPECT_EQ(life.duty(0), Duty::release);
}

TEST_F(LifecycleTest, StopsInTheMiddleOfLoading) {
    ASSERT_TRUE(life.start().has_value());
    ASSERT_EQ(life.duty(0), Duty::load);
    EXPECT_TRUE(life.load_wanted());
    ASSERT_TRUE(life.stop().has_value());
    EXPECT_FALSE(life.load_wanted());
    life.loaded();
    EXPECT_FALSE(life.may_run());
    EXPECT_EQ(life.duty(0), Duty::release);
    life.released();
    EXPECT_EQ(life.state(), ZoneState::stopped);
    boot();
    EXPECT_TRUE(life.may_run());
}

TEST_F(LifecycleTest, StopWinsOverAResetOnItsWay) {
    boot();
    enter_both();
    ASSERT_TRUE(life.reset().has_value());
    ASSERT_TRUE(life.stop().has_value());
    leave_both();
    EXPECT_EQ(life.duty(0), Duty::release);
}

TEST_F(LifecycleTest, RefusesWhatTheStateDoesNotAllow) {
    EXPECT_FALSE(life.stop().has_value());
    EXPECT_FALSE(life.reset().has_value());
    EXPECT_FALSE(life.pause().has_value());
    EXPECT_FALSE(life.resume().has_value());
    EXPECT_FALSE(life.park("did this"));
    boot();
    EXPECT_FALSE(life.start().has_value());
    EXPECT_FALSE(life.resume().has_value());
}

TEST_F(LifecycleTest, PowerOffByTheGuestReleasesItsRam) {
    boot();
    enter_both();
    life.guest_power_off();
    leave_both();
    EXPECT_EQ(life.duty(0), Duty::release);
}

TEST_F(LifecycleTest, GivesTheReasonOfWhoWasFirst) {
    boot();
    EXPECT_STREQ(life.reason(), "");
    enter_both();
    EXPECT_TRUE(life.park("did this"));
    life.guest_power_off();  // the other CPU's, too late
    EXPECT_FALSE(life.pause().has_value());
    leave_both();
    EXPECT_EQ(life.state(), ZoneState::parked);
    EXPECT_STREQ(life.reason(), "did this");
}

/// Its CPUs may act on a request before who made it goes on.
TEST_F(LifecycleTest, KnowsTheReasonWithTheState) {
    boot();
    enter_both();
    ASSERT_TRUE(life.pause().has_value());
    EXPECT_STREQ(life.reason(), "was paused");
    leave_both();
    ASSERT_TRUE(life.resume().has_value());
    EXPECT_STREQ(life.reason(), "");
    enter_both();
    life.guest_power_off();
    leave_both();
    ASSERT_EQ(life.duty(0), Duty::release);
    EXPECT_STREQ(life.reason(), "has powered off");
    ASSERT_TRUE(life.stop().has_value());
    life.released();
    EXPECT_STREQ(life.reason(), "has powered off");
    ASSERT_TRUE(life.start().has_value());
    ASSERT_EQ(life.duty(0), Duty::load);
    ASSERT_TRUE(life.stop().has_value());
    life.loaded("cannot be loaded");
    EXPECT_STREQ(life.reason(), "was stopped");
}

/// Whatever is asked in whatever order, RAM is never touched with a CPU in the guest, and stop
/// always ends in `stopped`.
TEST(Lifecycle, SurvivesRandomRequests) {
    std::mt19937 random{1};
    Lifecycle life{2};
    std::array<bool, 2> inside{};
    bool loading = false;
    bool releasing = false;
    for (int step = 0; step < 200'000; ++step) {
        const unsigned cpu = random() % 2;
        switch (random() % 12) {
            case 0:
                (void)life.start();
                break;
            case 1:
                (void)life.stop();
                break;
            case 2:
                (void)life.reset();
                break;
            case 3:
                (void)life.pause();
                break;
            case 4:
                (void)life.resume();
                break;
            case 5:
                if (inside[cpu]) (void)life.park("did this");
                break;
            case 6:
                if (inside[cpu]) life.guest_reset();
                break;
            default:
                if (inside[cpu]) {
                    if (life.may_run()) break;
                    life.left();
                    inside[cpu] = false;
                } else if (cpu == 0 && loading) {
                    loading = false;
                    life.loaded(random() % 8 != 0 ? nullptr : "cannot be loaded");
                } else if (cpu == 0 && releasing) {
                    releasing = false;
                    life.released();
                } else {
                    const Duty duty = life.duty(cpu);
                    inside[cpu] = duty == Duty::run;
                    loading = loading || duty == Duty::load;
                    releasing = releasing || duty == Duty::release;
                    ASSERT_TRUE(cpu == 0 || duty == Duty::run || duty == Duty::wait);
                }
        }
        ASSERT_FALSE((loading || releasing) && (inside[0] || inside[1])) << "step " << step;
    }
}

}  // namespace
}  // namespace lkvm::hv
