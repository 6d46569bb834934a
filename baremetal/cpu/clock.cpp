// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/clock.hpp"

#include <lkvm/field.hpp>

#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/platform/calendar.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::hv {
namespace {

constexpr std::uint64_t ns_per_second = 1'000'000'000;

// Loongson 7A RTC: time of day and year, offsets from its base.
constexpr std::uint64_t toy_read0 = 0x2c;
constexpr std::uint64_t toy_read1 = 0x30;
using ToyMonth = Field<26, 6, unsigned>;
using ToyDay = Field<21, 5, unsigned>;
using ToyHour = Field<16, 5, unsigned>;
using ToyMinute = Field<10, 6, unsigned>;
using ToySecond = Field<4, 6, unsigned>;
constexpr std::int64_t toy_year_base = 1900;

std::uint32_t read_rtc(std::uint64_t offset) {
    // A device register.
    return *reinterpret_cast<const volatile std::uint32_t*>(
        uncached_window | (la::memory_map::rtc_base.value + offset));
}

}  // namespace

void BoardClock::start() {
    const std::uint64_t base = read_cpucfg(4);
    const std::uint32_t ratio = read_cpucfg(5);
    const std::uint32_t divisor = ratio >> 16;
    if (base != 0 && divisor != 0) frequency_ = base * (ratio & 0xffff) / divisor;
    const std::uint32_t now = read_rtc(toy_read0);
    la::DateTime when;
    when.year = toy_year_base + read_rtc(toy_read1);
    when.month = ToyMonth::get(now);
    when.day = ToyDay::get(now);
    when.hour = ToyHour::get(now);
    when.minute = ToyMinute::get(now);
    when.second = ToySecond::get(now);
    const std::int64_t seconds = la::seconds_from_date(when);
    if (when.month == 0 || seconds < 0) return;  // no clock there
    wall_base_ = static_cast<std::uint64_t>(seconds) * ns_per_second - monotonic_ns();
}

std::uint64_t BoardClock::monotonic_ns() {
    const std::uint64_t ticks = read_counter();
    return ticks / frequency_ * ns_per_second + ticks % frequency_ * ns_per_second / frequency_;
}

}  // namespace lkvm::hv
