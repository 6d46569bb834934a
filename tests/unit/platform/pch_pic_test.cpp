// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/irqchip/pch_pic.hpp"

#include <gtest/gtest.h>

#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

constexpr std::uint64_t mask = 0x20;
constexpr std::uint64_t htmsi_enable = 0x40;
constexpr std::uint64_t edge = 0x60;
constexpr std::uint64_t clear = 0x80;
constexpr std::uint64_t route = 0x100;
constexpr std::uint64_t vector = 0x200;
constexpr std::uint64_t irr = 0x380;
constexpr std::uint64_t isr = 0x3a0;
constexpr std::uint64_t polarity = 0x3e0;
constexpr std::uint32_t core_isr = 0x1800;

/// The whole chain with every EIOINTC vector enabled, seen by CPU 0 through HWI0.
class PchPicTest : public testing::Test {
protected:
    PchPicTest() {
        for (std::uint32_t i = 0; i < 32; i += 8) chips.write(0, 0x1600 + i, 8, ~0ull);
    }
    /// What the EIOINTC driver does first in its interrupt handler.
    std::uint64_t acknowledge() {
        const std::uint64_t pending = chips.read(0, core_isr, 8);
        chips.write(0, core_isr, 8, pending);
        return pending;
    }
    [[nodiscard]] bool interrupted() const { return cpus.level(0, hwi0_line); }

    RecordingCpus cpus;
    la::InterruptChips chips{cpus, 1};
    MmioDevice& pic = chips.pch_pic();
};

TEST_F(PchPicTest, IdNamesThirtyTwoPins) {
    EXPECT_EQ(pic.read(0, 8), 0x001f000107000000u);
    EXPECT_EQ(pic.read(4, 4) >> 16 & 0xff, 31u);
    pic.write(0, 8, 0);
    EXPECT_EQ(pic.read(0, 8), 0x001f000107000000u);
}

TEST_F(PchPicTest, StartsMaskedWithVectorsEqualToPins) {
    EXPECT_EQ(pic.read(mask, 8), ~0ull);
    for (unsigned pin = 0; pin < 32; ++pin) EXPECT_EQ(pic.read(vector + pin, 1), pin);
    EXPECT_EQ(pic.read(vector + 32, 1), 0u);
    EXPECT_EQ(pic.read(route, 4), 0x01010101u);
}

TEST_F(PchPicTest, StoresPlainRegisters) {
    for (const std::uint64_t reg : {htmsi_enable, edge, polarity}) {
        pic.write(reg, 4, 0x12345678);
        pic.write(reg + 4, 4, 0x9abcdef0);
        EXPECT_EQ(pic.read(reg, 8), 0x9abcdef012345678u) << reg;
        pic.write(reg + 1, 1, 0xff);
        EXPECT_EQ(pic.read(reg, 4), 0x1234ff78u);
    }
}

TEST_F(PchPicTest, ToleratesWritesPastTheVectorTable) {
    pic.write(0x2ff, 1, 255);
    EXPECT_EQ(pic.read(0x2ff, 1), 0u);
    pic.write(0x23f, 1, 255);
    EXPECT_EQ(pic.read(0x23f, 1), 255u);
    pic.write(0xc0, 8, ~0ull);
    EXPECT_EQ(pic.read(0xc0, 8), 0u);
    EXPECT_EQ(pic.read(0x3f8, 8), 0u);
}

TEST_F(PchPicTest, LevelIsDeliveredWhenUnmasked) {
    chips.level_pin(2).set_level(true);
    EXPECT_FALSE(interrupted());
    EXPECT_EQ(pic.read(irr, 8), 4u);
    EXPECT_EQ(pic.read(isr, 8), 0u);
    pic.write(mask, 4, 0xfffffffb);
    EXPECT_TRUE(interrupted());
    EXPECT_EQ(pic.read(isr, 8), 4u);
}

TEST_F(PchPicTest, LevelFollowsItsInput) {
    pic.write(mask, 4, 0);
    chips.level_pin(2).set_level(true);
    ASSERT_TRUE(interrupted());
    chips.level_pin(2).set_level(false);
    EXPECT_FALSE(interrupted());
    EXPECT_EQ(pic.read(irr, 8), 0u);
    EXPECT_EQ(pic.read(isr, 8), 0u);
}

TEST_F(PchPicTest, LevelStillHighAfterItsHandlerComesAgain) {
    pic.write(vector + 2, 1, 40);
    pic.write(mask, 4, 0xfffffffb);
    chips.level_pin(2).set_level(true);
    // Linux's level flow: acknowledge at the EIOINTC, mask, handle, unmask.
    EXPECT_EQ(acknowledge(), 1ull << 40);
    EXPECT_FALSE(interrupted());
    pic.write(mask, 4, 0xffffffff);
    pic.write(clear, 4, 4);
    pic.write(mask, 4, 0xfffffffb);
    EXPECT_TRUE(interrupted());
    // This time the handler quiets the device.
    acknowledge();
    pic.write(mask, 4, 0xffffffff);
    chips.level_pin(2).set_level(false);
    pic.write(clear, 4, 4);
    pic.write(mask, 4, 0xfffffffb);
    EXPECT_FALSE(interrupted());
}

TEST_F(PchPicTest, LevelCannotBeClearedByTheDriver) {
    pic.write(mask, 4, 0);
    chips.level_pin(2).set_level(true);
    pic.write(clear, 8, ~0ull);
    EXPECT_TRUE(interrupted());
    EXPECT_EQ(pic.read(irr, 8), 4u);
}

TEST_F(PchPicTest, PulseIsDeliveredOnceUntilCleared) {
    pic.write(edge, 4, 1 << 8);
    pic.write(mask, 4, ~(1u << 8));
    chips.edge_pin(8).signal();
    EXPECT_EQ(acknowledge(), 1ull << 8);
    pic.write(clear, 4, 1 << 8);
    EXPECT_EQ(pic.read(irr, 8), 0u);
    EXPECT_EQ(pic.read(isr, 8), 0u);
    EXPECT_FALSE(interrupted());
    chips.edge_pin(8).signal();
    EXPECT_TRUE(interrupted());
}

TEST_F(PchPicTest, PulseBeforeClearIsReportedAgain) {
    pic.write(edge, 4, 1 << 8);
    pic.write(mask, 4, ~(1u << 8));
    chips.edge_pin(8).signal();
    acknowledge();
    chips.edge_pin(8).signal();
    EXPECT_TRUE(interrupted());
}

TEST_F(PchPicTest, PulseWhileMaskedWaits) {
    pic.write(edge, 4, 1 << 8);
    chips.edge_pin(8).signal();
    EXPECT_FALSE(interrupted());
    pic.write(mask, 4, 0);
    EXPECT_TRUE(interrupted());
}

TEST_F(PchPicTest, PulseOnLevelPinLeavesNothingBehind) {
    pic.write(mask, 4, 0);
    chips.edge_pin(8).signal();
    EXPECT_FALSE(interrupted());
    EXPECT_EQ(pic.read(irr, 8), 0u);
}

TEST_F(PchPicTest, EdgePinTakesRisingEdgesOfALine) {
    pic.write(edge, 4, 1 << 5);
    pic.write(mask, 4, 0);
    chips.level_pin(5).set_level(true);
    acknowledge();
    pic.write(clear, 4, 1 << 5);
    chips.level_pin(5).set_level(true);  // still high
    EXPECT_FALSE(interrupted());
    chips.level_pin(5).set_level(false);
    chips.level_pin(5).set_level(true);
    EXPECT_TRUE(interrupted());
}

TEST_F(PchPicTest, TurningLevelForgetsLatchedEdge) {
    pic.write(edge, 4, 1 << 8);
    pic.write(mask, 4, 0);
    chips.edge_pin(8).signal();
    ASSERT_TRUE(interrupted());
    pic.write(edge, 4, 0);
    EXPECT_FALSE(interrupted());
    EXPECT_EQ(pic.read(irr, 8), 0u);
}

TEST_F(PchPicTest, PinsGoToTheirOwnVectors) {
    pic.write(mask, 4, 0);
    for (unsigned pin = 0; pin < 32; ++pin) pic.write(vector + pin, 1, 63 - pin);
    for (const unsigned pin : {0u, 2u, 31u}) {
        chips.level_pin(pin).set_level(true);
        EXPECT_EQ(chips.read(0, core_isr, 8), 1ull << (63 - pin));
        chips.level_pin(pin).set_level(false);
    }
}

TEST_F(PchPicTest, RefusesOddAccesses) {
    pic.write(mask + 2, 4, 0);
    EXPECT_EQ(pic.read(mask, 8), ~0ull);
    EXPECT_EQ(pic.read(mask + 1, 8), 0u);
}

TEST_F(PchPicTest, ResetMasksEverything) {
    pic.write(mask, 8, 0);
    pic.write(edge, 8, 1 << 8);
    pic.write(vector + 8, 1, 77);
    chips.edge_pin(8).signal();
    ASSERT_TRUE(cpus.any_level());
    chips.reset();
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(pic.read(mask, 8), ~0ull);
    EXPECT_EQ(pic.read(edge, 8), 0u);
    EXPECT_EQ(pic.read(irr, 8), 0u);
    EXPECT_EQ(pic.read(isr, 8), 0u);
    EXPECT_EQ(pic.read(vector + 8, 1), 8u);
}

}  // namespace
}  // namespace lkvm::test
