// SPDX-License-Identifier: GPL-2.0-or-later
// Real-time clock of the 7A bridge with the power-management registers its alarm uses.
// Loongson 7A1000 manual §20 (RTC) and §19 (ACPI PM1).
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/clock.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_device.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::la {

class FdtWriter;

/// Shows the host's wall time in UTC plus an offset that the guest sets by writing a time. The
/// window begins with the PM registers; the RTC itself is at offset 0x100. Any thread.
///
/// Alarms need someone to call poll() about once a second; register accesses look as well.
class RtcLs7a final : public MmioDevice {
public:
    RtcLs7a(IrqLine& irq, Clock& clock)
        : irq_(irq)
        , clock_(clock) {}
    RtcLs7a(const RtcLs7a&) = delete;
    RtcLs7a& operator=(const RtcLs7a&) = delete;

    /// Registers as after power-on. The time goes on: the real part has a battery.
    void reset();

    /// 32-bit registers; other sizes read 0 and are ignored.
    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// Raises the alarm if it is due.
    void poll();

    static void add_node(FdtWriter& fdt);

private:
    [[nodiscard]] std::int64_t now_ns();
    [[nodiscard]] std::uint32_t counter();
    std::uint32_t read_locked(std::uint64_t offset);
    void write_locked(std::uint64_t offset, std::uint32_t value);
    void write_toy_low(std::uint32_t value);
    void write_toy_year(std::uint32_t value);
    void check_alarm();
    void update_irq();

    static constexpr std::uint32_t control_at_reset = 0x2900;  // all clocks run: firmware's work

    IrqLine& irq_;
    Clock& clock_;
    SpinLock lock_;
    std::int64_t offset_ns_ = 0;       ///< guest's time minus the host's
    std::int64_t counter_offset_ = 0;  ///< guest's 32.768 kHz counter minus the host's
    std::uint32_t written_low_ = 0;    ///< last TOY_WRITE0, until the year completes it
    bool low_is_fresh_ = false;        ///< written_low_ waits for a TOY_WRITE1
    std::int64_t checked_second_ = 0;  ///< alarms up to this guest second are dealt with
    std::uint32_t control_ = control_at_reset;
    std::uint32_t pm_status_ = 0;
    std::uint32_t pm_enable_ = 0;
    std::array<std::uint32_t, 3> toy_match_{};
    std::array<std::uint32_t, 3> rtc_match_{};
    bool irq_level_ = false;
};

}  // namespace lkvm::la
