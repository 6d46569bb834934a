// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/rtc_ls7a.hpp"

#include <ctime>

#include <gtest/gtest.h>

#include "loongarch/platform/calendar.hpp"
#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

using la::DateTime;

constexpr std::uint64_t pm_status = 0x0c;
constexpr std::uint64_t pm_enable = 0x10;
constexpr std::uint64_t toy_write0 = 0x124;
constexpr std::uint64_t toy_write1 = 0x128;
constexpr std::uint64_t toy_read0 = 0x12c;
constexpr std::uint64_t toy_read1 = 0x130;
constexpr std::uint64_t toy_match0 = 0x134;
constexpr std::uint64_t control = 0x140;
constexpr std::uint64_t counter_write = 0x164;
constexpr std::uint64_t counter_read = 0x168;
constexpr std::uint32_t pm_rtc = 1 << 10;
constexpr std::uint64_t ns = 1000000000;

constexpr std::uint32_t toy(unsigned month, unsigned day, unsigned hour, unsigned minute,
                            unsigned second, unsigned tenth = 0) {
    return month << 26 | day << 21 | hour << 16 | minute << 10 | second << 4 | tenth;
}
constexpr std::uint32_t match(unsigned year, unsigned month, unsigned day, unsigned hour,
                              unsigned minute, unsigned second) {
    return (year & 63) << 26 | month << 22 | day << 17 | hour << 12 | minute << 6 | second;
}
/// Seconds since 1970 of a UTC date, by the C library.
std::uint64_t seconds(int year, int month, int day, int hour, int minute, int second) {
    std::tm tm{};
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    return static_cast<std::uint64_t>(timegm(&tm));
}

TEST(Calendar, AgreesWithTheCLibrary) {
    for (std::int64_t time = -5000000000; time < 10000000000; time += 12345677) {
        const auto t = static_cast<std::time_t>(time);
        std::tm tm{};
        ASSERT_NE(gmtime_r(&t, &tm), nullptr);
        const DateTime when = la::date_from_seconds(time);
        EXPECT_EQ(when.year, tm.tm_year + 1900) << time;
        EXPECT_EQ(when.month, static_cast<unsigned>(tm.tm_mon) + 1) << time;
        EXPECT_EQ(when.day, static_cast<unsigned>(tm.tm_mday)) << time;
        EXPECT_EQ(when.hour, static_cast<unsigned>(tm.tm_hour)) << time;
        EXPECT_EQ(when.minute, static_cast<unsigned>(tm.tm_min)) << time;
        EXPECT_EQ(when.second, static_cast<unsigned>(tm.tm_sec)) << time;
        EXPECT_EQ(la::seconds_from_date(when), time);
    }
}

TEST(Calendar, KnowsEveryDayOfFourCenturies) {
    for (std::int64_t day = la::days_from_date(1900, 1, 1); day < la::days_from_date(2300, 1, 1);
         ++day) {
        const DateTime when = la::date_from_seconds(day * la::seconds_per_day);
        ASSERT_EQ(la::days_from_date(when.year, when.month, when.day), day);
    }
}

class RtcTest : public testing::Test {
protected:
    RtcTest() { clock.wall = seconds(2024, 2, 29, 13, 37, 59) * ns + 450000000; }
    std::uint64_t get(std::uint64_t offset) { return rtc.read(offset, 4); }
    void put(std::uint64_t offset, std::uint64_t value) { rtc.write(offset, 4, value); }

    RecordingLine line;
    ManualClock clock;
    la::RtcLs7a rtc{line, clock};
};

TEST_F(RtcTest, ShowsHostTime) {
    EXPECT_EQ(get(toy_read0), toy(2, 29, 13, 37, 59, 4));
    EXPECT_EQ(get(toy_read1), 124u);
    clock.advance_seconds(86400);
    EXPECT_EQ(get(toy_read0), toy(3, 1, 13, 37, 59, 4));
}

TEST_F(RtcTest, SaysThatItsClocksRun) {
    EXPECT_EQ(get(control) & 0x900, 0x900u);
}

TEST_F(RtcTest, WritingShiftsTheTime) {
    put(toy_write0, toy(7, 4, 1, 2, 3));
    put(toy_write1, 130);
    EXPECT_EQ(get(toy_read1), 130u);
    EXPECT_EQ(get(toy_read0), toy(7, 4, 1, 2, 3));
    clock.advance_seconds(3600);
    EXPECT_EQ(get(toy_read0), toy(7, 4, 2, 2, 3));
}

TEST_F(RtcTest, LeapDayIsReadWithTheYearWrittenAfterIt) {
    clock.wall = seconds(2023, 6, 1, 0, 0, 0) * ns;
    put(toy_write0, toy(2, 29, 0, 0, 0));
    put(toy_write1, 128);
    EXPECT_EQ(get(toy_read0), toy(2, 29, 0, 0, 0));
    EXPECT_EQ(get(toy_read1), 128u);
}

TEST_F(RtcTest, YearAloneKeepsTheRest) {
    clock.wall = seconds(2024, 5, 6, 7, 8, 9) * ns;
    put(toy_write1, 99);
    EXPECT_EQ(get(toy_read0), toy(5, 6, 7, 8, 9));
    EXPECT_EQ(get(toy_read1), 99u);
}

TEST_F(RtcTest, AnyWrittenValueIsSurvived) {
    for (const std::uint32_t value : {0u, 0xffffffffu, 0x80000000u, 0x7fffffffu}) {
        put(toy_write0, value);
        put(toy_write1, value);
        put(toy_match0, value);
        put(counter_write, value);
        get(toy_read0);
        get(toy_read1);
        rtc.poll();
    }
}

TEST_F(RtcTest, DatesThatRunOverDoNotAddUp) {
    for (int i = 0; i < 1000; ++i) put(toy_write0, 0xffffffff);
    EXPECT_LT(get(toy_read1), 300u);
    put(toy_write0, toy(5, 6, 7, 8, 9));
    put(toy_write1, 0xffffffff);
    EXPECT_EQ(get(toy_read1), 255u);
    put(toy_write1, 124);
    EXPECT_EQ(get(toy_read1), 124u);
}

TEST_F(RtcTest, TimeOutlivesReset) {
    put(toy_write0, toy(1, 1, 0, 0, 0));
    put(toy_write1, 101);
    put(toy_match0, 1);
    put(control, 0);
    rtc.reset();
    EXPECT_EQ(get(toy_read0), toy(1, 1, 0, 0, 0));
    EXPECT_EQ(get(toy_read1), 101u);
    EXPECT_EQ(get(toy_match0), 0u);
    EXPECT_EQ(get(control) & 0x900, 0x900u);
}

TEST_F(RtcTest, CounterTicksAtCrystalSpeed) {
    const std::uint64_t before = get(counter_read);
    clock.advance_seconds(10);
    EXPECT_EQ(get(counter_read) - before, 327680u);
    put(counter_write, 5);
    EXPECT_EQ(get(counter_read), 5u);
    clock.advance_seconds(1);
    EXPECT_EQ(get(counter_read), 32773u);
}

TEST_F(RtcTest, AlarmInterruptsWhenDue) {
    put(toy_match0, match(124, 2, 29, 13, 38, 30));
    put(pm_enable, pm_rtc);
    rtc.poll();
    EXPECT_FALSE(line.level);
    clock.advance_seconds(40);
    rtc.poll();
    EXPECT_TRUE(line.level);
    EXPECT_EQ(get(pm_status), pm_rtc);
    put(toy_match0, 0);
    EXPECT_FALSE(line.level);
    EXPECT_EQ(get(pm_status), 0u);
    clock.advance_seconds(40);
    rtc.poll();
    EXPECT_FALSE(line.level);
}

TEST_F(RtcTest, StatusIsClearedByWritingOne) {
    put(toy_match0, match(124, 2, 29, 13, 38, 0));
    put(pm_enable, pm_rtc);
    clock.advance_seconds(1);
    rtc.poll();
    ASSERT_TRUE(line.level);
    put(pm_status, pm_rtc);
    EXPECT_FALSE(line.level);
    clock.advance_seconds(1);
    rtc.poll();
    EXPECT_FALSE(line.level) << "one alarm, one interrupt";
}

TEST_F(RtcTest, AlarmWithoutEnableOnlyShowsInStatus) {
    put(toy_match0, match(124, 2, 29, 13, 38, 0));
    clock.advance_seconds(1);
    rtc.poll();
    EXPECT_FALSE(line.level);
    put(pm_enable, pm_rtc);
    EXPECT_TRUE(line.level);
}

TEST_F(RtcTest, PastAlarmNeverComes) {
    put(pm_enable, pm_rtc);
    put(toy_match0, match(124, 2, 29, 13, 0, 0));
    clock.advance_seconds(100);
    rtc.poll();
    EXPECT_FALSE(line.level);
}

TEST_F(RtcTest, OtherSizesDoNothing) {
    EXPECT_EQ(rtc.read(toy_read0, 8), 0u);
    EXPECT_EQ(rtc.read(toy_read0, 1), 0u);
    rtc.write(control, 8, 0);
    EXPECT_NE(get(control), 0u);
}

}  // namespace
}  // namespace lkvm::test
