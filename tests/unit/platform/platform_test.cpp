// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/platform.hpp"

#include <gtest/gtest.h>

#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

class PlatformTest : public testing::Test {
protected:
    PlatformTest() { EXPECT_TRUE(platform.add_to(bus).has_value()); }

    RecordingCpus cpus;
    RecordingSerial serial;
    RecordingPower power;
    ManualClock clock;
    la::Platform platform{{serial, clock, power}, cpus, 2};
    MmioBus bus;
};

TEST_F(PlatformTest, SerialPortIsWhereLinuxKnowsIt) {
    bus.write(Gpa{0x1fe001e0}, 1, 'A');
    EXPECT_EQ(serial.sent, "A");
    bus.write(Gpa{0x1fe001e0}, 4, 'B');  // not a byte
    EXPECT_EQ(serial.sent, "A");
}

TEST_F(PlatformTest, PowerOffAndResetNeedTheirValues) {
    const Gpa sleep{0x100e001c};
    const Gpa reset{0x100e001e};
    EXPECT_EQ(bus.read(sleep, 1), 0u);
    EXPECT_EQ(bus.read(reset, 1), 0u);
    bus.write(sleep, 1, 0x42);
    bus.write(reset, 1, 0x34);
    bus.write(Gpa{0x100e001d}, 1, 0x34);
    EXPECT_EQ(power.power_offs + power.resets, 0u);
    bus.write(sleep, 1, 0x34);
    EXPECT_EQ(power.power_offs, 1u);
    bus.write(reset, 1, 0x42);
    EXPECT_EQ(power.resets, 1u);
}

TEST_F(PlatformTest, LegacyPortsReadAllOnes) {
    EXPECT_TRUE(bus.covers(Gpa{0x18000064}));
    EXPECT_EQ(bus.read(Gpa{0x18000064}, 1), 0xffu);
    EXPECT_EQ(bus.read(Gpa{0x18000060}, 4), 0xffffffffu);
    EXPECT_EQ(bus.read(Gpa{0x18003ff8}, 8), ~0ull);
    bus.write(Gpa{0x18000064}, 1, 0);
    EXPECT_EQ(bus.read(Gpa{0x18000064}, 1), 0xffu);
}

TEST_F(PlatformTest, RtcAnswersWithItsPowerRegisters) {
    EXPECT_EQ(bus.read(Gpa{0x100d0130}, 4), 70u) << "1970";
    bus.write(Gpa{0x100d0010}, 4, 0x400);
    EXPECT_EQ(bus.read(Gpa{0x100d0010}, 4), 0x400u);
}

TEST_F(PlatformTest, SerialInterruptReachesTheCpu) {
    Iocsr& iocsr = platform.iocsr();
    iocsr.write(0, 0x1600, 8, ~0ull);
    bus.write(Gpa{0x10000200 + la::pins::uart}, 1, 20);
    bus.write(Gpa{0x10000020}, 8, ~(1ull << la::pins::uart));
    bus.write(Gpa{0x1fe001e1}, 1, 1);
    ASSERT_EQ(platform.devices().uart().receive(bytes_of("x")), 1u);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
    EXPECT_EQ(iocsr.read(0, 0x1800, 8), 1ull << 20);
    EXPECT_EQ(bus.read(Gpa{0x1fe001e0}, 1), static_cast<unsigned>('x'));
    EXPECT_FALSE(cpus.level(0, hwi0_line));
}

TEST_F(PlatformTest, EveryVirtioSlotHasItsPinAndPlace) {
    Iocsr& iocsr = platform.iocsr();
    iocsr.write(0, 0x1600, 8, ~0ull);
    bus.write(Gpa{0x10000060}, 4, 0xffffffff);
    bus.write(Gpa{0x10000020}, 4, 0);
    std::uint64_t seen = 0;
    for (unsigned slot = 0; slot < la::max_virtio_slots; ++slot) {
        EXPECT_EQ(la::virtio_slot(slot).base.value, 0x16000000 + slot * 0x200u);
        platform.virtio_interrupt(slot).signal();
        const std::uint64_t pending = iocsr.read(0, 0x1800, 8);
        EXPECT_EQ(pending, 1ull << la::virtio_slot(slot).pin);
        EXPECT_EQ(seen & pending, 0u);
        seen |= pending;
        iocsr.write(0, 0x1800, 8, pending);
        bus.write(Gpa{0x10000080}, 4, pending);
    }
    EXPECT_EQ(seen, 0xfff0ff00u);
}

TEST_F(PlatformTest, ResetBringsBackPowerOnState) {
    platform.iocsr().write(0, 0x1600, 8, ~0ull);
    bus.write(Gpa{0x10000020}, 8, 0);
    bus.write(Gpa{0x1fe001e1}, 1, 2);
    ASSERT_TRUE(cpus.any_level());
    platform.reset();
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(bus.read(Gpa{0x1fe001e1}, 1), 0u);
    EXPECT_EQ(bus.read(Gpa{0x10000020}, 8), ~0ull);
    EXPECT_EQ(bus.read(Gpa{0x10000380}, 8), 0u);
}

TEST_F(PlatformTest, TwoPlatformsDoNotFitOnOneBus) {
    EXPECT_EQ(platform.add_to(bus).error().code, ErrorCode::overlap);
}

TEST(PlatformDevices, WorkWithOtherInterruptChips) {
    RecordingSerial serial;
    RecordingPower power;
    ManualClock clock;
    RecordingLine uart_line;
    RecordingLine rtc_line;
    la::PlatformDevices devices({serial, clock, power}, uart_line, rtc_line);
    MmioBus bus;
    ASSERT_TRUE(devices.add_to(bus).has_value());
    EXPECT_FALSE(bus.covers(la::memory_map::pch_pic_base));
    bus.write(Gpa{0x1fe001e1}, 1, 2);
    EXPECT_TRUE(uart_line.level);
    devices.reset();
    EXPECT_FALSE(uart_line.level);
}

}  // namespace
}  // namespace lkvm::test
