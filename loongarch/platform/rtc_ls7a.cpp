// SPDX-License-Identifier: GPL-2.0-or-later
// Real-time clock of the 7A bridge.
#include "loongarch/platform/rtc_ls7a.hpp"

#include <lkvm/field.hpp>

#include "loongarch/platform/calendar.hpp"
#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint64_t pm_status_offset = 0x0c;
constexpr std::uint64_t pm_enable_offset = 0x10;
constexpr std::uint32_t pm_rtc = 1 << 10;

constexpr std::uint64_t rtc_offset = 0x100;
constexpr std::uint64_t toy_write0 = rtc_offset + 0x24;
constexpr std::uint64_t toy_write1 = rtc_offset + 0x28;
constexpr std::uint64_t toy_read0 = rtc_offset + 0x2c;
constexpr std::uint64_t toy_read1 = rtc_offset + 0x30;
constexpr std::uint64_t toy_match0 = rtc_offset + 0x34;
constexpr std::uint64_t control_offset = rtc_offset + 0x40;
constexpr std::uint64_t counter_write = rtc_offset + 0x64;
constexpr std::uint64_t counter_read = rtc_offset + 0x68;
constexpr std::uint64_t rtc_match0 = rtc_offset + 0x6c;

constexpr std::int64_t ns_per_second = 1000000000;
constexpr std::int64_t ns_per_tenth = ns_per_second / 10;
constexpr std::int64_t counter_hz = 32768;
constexpr std::int64_t year_base = 1900;
constexpr std::int64_t year_last = year_base + 255;  // bounds what guests can write

namespace toy {  // TOY_WRITE0, TOY_READ0
using Month = Field<26, 6, unsigned>;
using Day = Field<21, 5, unsigned>;
using Hour = Field<16, 5, unsigned>;
using Minute = Field<10, 6, unsigned>;
using Second = Field<4, 6, unsigned>;
using Tenth = Field<0, 4, unsigned>;
static_assert(field_mask<Month, Day, Hour, Minute, Second, Tenth>() == UINT32_MAX);
}  // namespace toy

namespace match {  // TOY_MATCH0..2
using Year = Field<26, 6, unsigned>;
using Month = Field<22, 4, unsigned>;
using Day = Field<17, 5, unsigned>;
using Hour = Field<12, 5, unsigned>;
using Minute = Field<6, 6, unsigned>;
using Second = Field<0, 6, unsigned>;
static_assert(field_mask<Year, Month, Day, Hour, Minute, Second>() == UINT32_MAX);
}  // namespace match

/// The nearest year that time can be set to.
std::int64_t settable_year(std::int64_t year) {
    if (year < year_base) return year_base;
    return year > year_last ? year_last : year;
}

DateTime date_of(std::uint32_t low, std::int64_t year) {
    return DateTime{year,
                    toy::Month::get(low),
                    toy::Day::get(low),
                    toy::Hour::get(low),
                    toy::Minute::get(low),
                    toy::Second::get(low)};
}

std::uint32_t toy_low(std::int64_t time_ns) {
    const std::int64_t seconds = floor_divide(time_ns, ns_per_second);
    const DateTime when = date_from_seconds(seconds);
    const std::int64_t rest = time_ns - seconds * ns_per_second;
    std::uint64_t value = toy::Month::put(0, when.month);
    value = toy::Day::put(value, when.day);
    value = toy::Hour::put(value, when.hour);
    value = toy::Minute::put(value, when.minute);
    value = toy::Second::put(value, when.second);
    value = toy::Tenth::put(value, static_cast<unsigned>(rest / ns_per_tenth));
    return static_cast<std::uint32_t>(value);
}

std::int64_t year_of(std::int64_t time_ns) {
    return date_from_seconds(floor_divide(time_ns, ns_per_second)).year;
}

/// The guest second that a match register means, in the 64 years around `now`.
std::int64_t alarm_second(std::uint32_t value, std::int64_t now_year) {
    const std::int64_t low_bits = match::Year::get(value);
    const std::int64_t years = now_year - year_base;
    DateTime when;
    when.year = year_base + years - years % 64 + low_bits;
    when.month = match::Month::get(value);
    when.day = match::Day::get(value);
    when.hour = match::Hour::get(value);
    when.minute = match::Minute::get(value);
    when.second = match::Second::get(value);
    return seconds_from_date(when);
}

}  // namespace

void RtcLs7a::reset() {
    const SpinGuard guard(lock_);
    control_ = control_at_reset;
    pm_status_ = 0;
    pm_enable_ = 0;
    toy_match_ = {};
    rtc_match_ = {};
    low_is_fresh_ = false;
    update_irq();
}

std::uint64_t RtcLs7a::read(std::uint64_t offset, unsigned size) {
    if (size != 4) return 0;
    const SpinGuard guard(lock_);
    check_alarm();
    return read_locked(offset);
}

void RtcLs7a::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (size != 4) return;
    const SpinGuard guard(lock_);
    check_alarm();
    write_locked(offset, static_cast<std::uint32_t>(value));
    update_irq();
}

void RtcLs7a::poll() {
    const SpinGuard guard(lock_);
    check_alarm();
}

std::int64_t RtcLs7a::now_ns() {
    return static_cast<std::int64_t>(clock_.wall_ns()) + offset_ns_;
}

/// The host's monotonic time in ticks of the crystal, as 32 bits show it.
std::uint32_t RtcLs7a::counter() {
    const auto ns = static_cast<std::int64_t>(clock_.monotonic_ns());
    const std::int64_t ticks =
        ns / ns_per_second * counter_hz + ns % ns_per_second * counter_hz / ns_per_second;
    return static_cast<std::uint32_t>(ticks + counter_offset_);
}

std::uint32_t RtcLs7a::read_locked(std::uint64_t offset) {
    switch (offset) {
        case pm_status_offset:
            return pm_status_;
        case pm_enable_offset:
            return pm_enable_;
        case toy_read0:
            return toy_low(now_ns());
        case toy_read1:
            return static_cast<std::uint32_t>(year_of(now_ns()) - year_base);
        case toy_match0:
        case toy_match0 + 4:
        case toy_match0 + 8:
            return toy_match_[(offset - toy_match0) / 4];
        case control_offset:
            return control_;
        case counter_read:
            return counter();
        case rtc_match0:
        case rtc_match0 + 4:
        case rtc_match0 + 8:
            return rtc_match_[(offset - rtc_match0) / 4];
        default:
            return 0;
    }
}

void RtcLs7a::write_locked(std::uint64_t offset, std::uint32_t value) {
    switch (offset) {
        case pm_status_offset:
            pm_status_ &= ~value;
            break;
        case pm_enable_offset:
            pm_enable_ = value & pm_rtc;
            break;
        case toy_write0:
            write_toy_low(value);
            break;
        case toy_write1:
            write_toy_year(value);
            break;
        case toy_match0:
            // A new alarm, or 0, takes the old one's request back.
            toy_match_[0] = value;
            pm_status_ &= ~pm_rtc;
            checked_second_ = floor_divide(now_ns(), ns_per_second);
            break;
        case toy_match0 + 4:
        case toy_match0 + 8:
            toy_match_[(offset - toy_match0) / 4] = value;
            break;
        case control_offset:
            control_ = value;
            break;
        case counter_write:
            counter_offset_ += static_cast<std::int64_t>(value) - std::int64_t{counter()};
            break;
        case rtc_match0:
        case rtc_match0 + 4:
        case rtc_match0 + 8:
            rtc_match_[(offset - rtc_match0) / 4] = value;
            break;
        default:
            break;
    }
}

void RtcLs7a::write_toy_low(std::uint32_t value) {
    written_low_ = value;
    low_is_fresh_ = true;
    // Odd dates run over into the next year; without a limit they would do so again and again.
    const std::int64_t year = settable_year(year_of(now_ns()));
    const std::int64_t seconds = seconds_from_date(date_of(value, year));
    const std::int64_t tenths = toy::Tenth::get(value);
    offset_ns_ += seconds * ns_per_second + tenths * ns_per_tenth - now_ns();
    checked_second_ = seconds;
}

void RtcLs7a::write_toy_year(std::uint32_t value) {
    // A day of February only means something together with its year: if the rest of the date was
    // written just before, take it as written and not as it reads in the old year.
    const std::int64_t now = now_ns();
    const std::uint32_t low = low_is_fresh_ ? written_low_ : toy_low(now);
    low_is_fresh_ = false;
    const std::int64_t rest = now - floor_divide(now, ns_per_second) * ns_per_second;
    const std::int64_t year = settable_year(year_base + value);
    const std::int64_t seconds = seconds_from_date(date_of(low, year));
    offset_ns_ += seconds * ns_per_second + rest - now;
    checked_second_ = seconds;
}

void RtcLs7a::check_alarm() {
    if (toy_match_[0] == 0) return;
    const std::int64_t now = floor_divide(now_ns(), ns_per_second);
    const std::int64_t alarm = alarm_second(toy_match_[0], date_from_seconds(now).year);
    if (alarm > checked_second_ && alarm <= now) {
        pm_status_ |= pm_rtc;
        update_irq();
    }
    checked_second_ = now;
}

void RtcLs7a::update_irq() {
    const bool level = (pm_status_ & pm_enable_ & pm_rtc) != 0;
    if (level == irq_level_) return;
    irq_level_ = level;
    irq_.set_level(level);
}

void RtcLs7a::add_node(FdtWriter& fdt) {
    fdt.begin_node("rtc", memory_map::rtc_base);
    fdt.string("compatible", "loongson,ls7a-rtc");
    fdt.reg(memory_map::rtc_base, memory_map::rtc_size);
    fdt.interrupt(pins::rtc, Trigger::level_high);
    fdt.end_node();
}

}  // namespace lkvm::la
