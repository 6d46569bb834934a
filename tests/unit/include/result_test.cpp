// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/result.hpp>

#include <memory>

#include <gtest/gtest.h>

#include <lkvm/log.hpp>

namespace lkvm::test {
namespace {

Result<int> half(int value) {
    if (value % 2 != 0) return fail(ErrorCode::invalid_argument, static_cast<unsigned>(value));
    return value / 2;
}

Result<int> quarter(int value) {
    const int halved = LKVM_TRY(half(value));
    return LKVM_TRY(half(halved));
}

Result<> check(int value) {
    LKVM_TRY(half(value));
    return {};
}

TEST(Result, HoldsAValueOrAnError) {
    EXPECT_TRUE(half(4).has_value());
    EXPECT_EQ(half(4).value(), 2);
    EXPECT_FALSE(half(3).has_value());
    EXPECT_EQ(half(3).error(), (Error{ErrorCode::invalid_argument, 3}));
    EXPECT_EQ(half(3).value_or(-1), -1);
    EXPECT_EQ(half(4).value_or(-1), 2);
}

TEST(Result, TryPassesErrorsUp) {
    EXPECT_EQ(quarter(12).value(), 3);
    EXPECT_EQ(quarter(6).error().detail, 3u);
    EXPECT_TRUE(check(2).has_value());
    EXPECT_EQ(check(5).error().detail, 5u);
}

TEST(Result, MovesItsValueOut) {
    const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
    const std::unique_ptr<int> value = LKVM_MUST(make());
    EXPECT_EQ(*value, 7);
}

TEST(ResultDeathTest, WrongSidePanics) {
    EXPECT_DEATH((void)half(1).value(), "value");
    EXPECT_DEATH((void)half(2).error(), "error");
    EXPECT_DEATH(LKVM_MUST(half(1)), "value");
}

TEST(LogLimiter, LetsABurstThroughAndCountsTheRest) {
    LogLimiter limiter(2);
    EXPECT_TRUE(limiter.allow());
    EXPECT_TRUE(limiter.allow());
    EXPECT_FALSE(limiter.allow());
    EXPECT_FALSE(limiter.allow());
    EXPECT_EQ(limiter.suppressed(), 2u);
}

}  // namespace
}  // namespace lkvm::test
