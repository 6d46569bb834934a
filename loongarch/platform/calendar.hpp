// SPDX-License-Identifier: GPL-2.0-or-later
// Days since 1970-01-01 to dates of the Gregorian calendar and back.
#pragma once

#include <cstdint>

namespace lkvm::la {

struct DateTime {
    std::int64_t year = 1970;
    unsigned month = 1;  ///< 1..12
    unsigned day = 1;    ///< 1..31
    unsigned hour = 0;
    unsigned minute = 0;
    unsigned second = 0;

    friend constexpr bool operator==(const DateTime&, const DateTime&) = default;
};

inline constexpr std::int64_t seconds_per_day = 86400;

[[nodiscard]] constexpr std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

/// Days from 1970-01-01 to the date, negative before it. Years start in March here, so that the
/// leap day ends one: then month lengths follow a straight line. Month and day may lie outside
/// their ranges (a day number past the month's end runs into the next month).
[[nodiscard]] constexpr std::int64_t days_from_date(std::int64_t year, unsigned month,
                                                    unsigned day) {
    constexpr std::int64_t days_to_1970 = 719468;  // from 0000-03-01
    if (month <= 2) --year;
    const std::int64_t months = month > 2 ? std::int64_t{month} - 3 : std::int64_t{month} + 9;
    const std::int64_t leap_days =
        floor_divide(year, 4) - floor_divide(year, 100) + floor_divide(year, 400);
    return 365 * year + leap_days + (153 * months + 2) / 5 + day - 1 - days_to_1970;
}

[[nodiscard]] constexpr std::int64_t seconds_from_date(const DateTime& when) {
    return days_from_date(when.year, when.month, when.day) * seconds_per_day +
           std::int64_t{when.hour} * 3600 + std::int64_t{when.minute} * 60 + when.second;
}

/// The date of a count of seconds since 1970-01-01 00:00:00.
[[nodiscard]] constexpr DateTime date_from_seconds(std::int64_t seconds) {
    const std::int64_t days = floor_divide(seconds, seconds_per_day);
    const std::int64_t in_day = seconds - days * seconds_per_day;
    // An estimate by the mean length of a year is off by one year at most.
    std::int64_t year = 1970 + floor_divide(days * 400, 146097);
    while (days_from_date(year + 1, 1, 1) <= days) ++year;
    while (days_from_date(year, 1, 1) > days) --year;
    unsigned month = 12;
    while (days_from_date(year, month, 1) > days) --month;
    DateTime when;
    when.year = year;
    when.month = month;
    when.day = static_cast<unsigned>(days - days_from_date(year, month, 1)) + 1;
    when.hour = static_cast<unsigned>(in_day / 3600);
    when.minute = static_cast<unsigned>(in_day / 60 % 60);
    when.second = static_cast<unsigned>(in_day % 60);
    return when;
}

}  // namespace lkvm::la
