// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/timer/guest_timer.hpp"

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

constexpr std::uint64_t one_shot = 1;
constexpr std::uint64_t periodic = 3;
constexpr std::uint64_t period = 1000;

TEST(GuestTimer, OneShotGoesOnWhereItWas) {
    const GuestTimer saved{period | one_shot, 600, false};
    EXPECT_EQ(timer_after(saved, 0), saved);
    EXPECT_EQ(timer_after(saved, 599), (GuestTimer{period | one_shot, 1, false}));
}

TEST(GuestTimer, OneShotThatFiredMeanwhileIsPendingOnce) {
    const GuestTimer fired = timer_after({period | one_shot, 600, false}, 600);
    EXPECT_EQ(fired, (GuestTimer{period | one_shot, timer_fired, true}));
    // It is not fired again by the next absence, and not if the guest has taken it.
    EXPECT_EQ(timer_after(fired, 1'000'000), fired);
    GuestTimer taken = fired;
    taken.pending = false;
    EXPECT_EQ(timer_after(taken, 1'000'000), taken);
}

TEST(GuestTimer, OneShotThatFiredWhileItWasHandledStaysPending) {
    // The hardware had already gone beyond zero when the registers were read.
    const GuestTimer saved{period | one_shot, 0xffff'ffff'fff0, true};
    EXPECT_TRUE(timer_after(saved, 5).pending);
    EXPECT_EQ(timer_after(saved, 5).value, timer_fired);
}

TEST(GuestTimer, NeverComesBackWithZeroLeft) {
    for (std::uint64_t elapsed = 0; elapsed < 5000; ++elapsed) {
        EXPECT_NE(timer_after({period | one_shot, 600, false}, elapsed).value, 0u);
        EXPECT_NE(timer_after({period | periodic, 600, false}, elapsed).value, 0u);
    }
}

TEST(GuestTimer, PeriodicThatMissedSomePeriodsFiresOnceAndStaysInStep) {
    const GuestTimer saved{period | periodic, 600, false};
    EXPECT_EQ(timer_after(saved, 599), (GuestTimer{period | periodic, 1, false}));
    EXPECT_EQ(timer_after(saved, 600), (GuestTimer{period | periodic, period, true}));
    EXPECT_EQ(timer_after(saved, 601), (GuestTimer{period | periodic, period - 1, true}));
    EXPECT_EQ(timer_after(saved, 600 + 7 * period + 250),
              (GuestTimer{period | periodic, period - 250, true}));
}

TEST(GuestTimer, TwoAbsencesAreLikeOne) {
    const GuestTimer saved{period | periodic, 600, false};
    for (std::uint64_t first = 0; first < 3000; first += 7) {
        EXPECT_EQ(timer_after(timer_after(saved, first), 3000 - first), timer_after(saved, 3000));
    }
}

TEST(GuestTimer, StoppedStaysAsItIs) {
    const GuestTimer saved{period, 17, true};
    EXPECT_EQ(timer_after(saved, 1'000'000), saved);
    EXPECT_FALSE(ticks_to_expiry(saved).has_value());
}

TEST(GuestTimer, APeriodOfZeroDoesNoHarm) {
    EXPECT_TRUE(timer_after({periodic, 0, false}, 10).pending);
}

TEST(GuestTimer, IdleSleepsUntilTheNextExpiry) {
    EXPECT_EQ(ticks_to_expiry({period | one_shot, 600, false}), 600u);
    EXPECT_EQ(ticks_to_expiry({period | periodic, 600, true}), 600u);
    EXPECT_FALSE(ticks_to_expiry({period | one_shot, 0xffff'ffff'ffff, false}).has_value());
}

}  // namespace
}  // namespace lkvm::hv
