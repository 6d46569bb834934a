// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/passed_devices.hpp"

#include <gtest/gtest.h>

#include "tests/unit/platform/fakes.hpp"

namespace lkvm::hv {
namespace {

constexpr std::uint64_t mask_register = 0x20;
constexpr unsigned pin = 17;
constexpr std::uint32_t pin_bit = 1u << pin;

struct Physical final : PhysicalInterrupt {
    void unmask() override { ++unmasked; }
    void mask() override { ++masked; }
    unsigned unmasked = 0;
    unsigned masked = 0;
};

class PassedInterruptsTest : public ::testing::Test {
protected:
    PassedInterruptsTest() { number = passed.add(pin, physical); }

    std::uint32_t requests() {
        return static_cast<std::uint32_t>(chips.pch_pic().read(0x380, 4));  // IRR
    }

    test::RecordingCpus cpus;
    la::InterruptChips chips{cpus, 1};
    PassedInterrupts passed{chips};
    Physical physical;
    std::size_t number = 0;
};

TEST_F(PassedInterruptsTest, UnmasksTheBoardsWhenTheZoneUnmasksItsPin) {
    passed.write(mask_register, 4, ~pin_bit);
    EXPECT_EQ(physical.unmasked, 1U);
    EXPECT_EQ(passed.read(mask_register, 4), ~pin_bit);
    // Others' pins say nothing about it.
    passed.write(mask_register, 4, ~(pin_bit | 1));
    EXPECT_EQ(physical.unmasked, 1U);
}

TEST_F(PassedInterruptsTest, HoldsThePinFromFiringToTheEndOfTheHandler) {
    passed.write(mask_register, 4, ~pin_bit);
    passed.fired(number);
    EXPECT_EQ(requests(), pin_bit);
    // Linux masks, handles, unmasks.
    passed.write(mask_register, 4, 0xffffffff);
    EXPECT_EQ(requests(), pin_bit);
    EXPECT_EQ(physical.unmasked, 1U);
    passed.write(mask_register, 4, ~pin_bit);
    EXPECT_EQ(requests(), 0U);
    EXPECT_EQ(physical.unmasked, 2U);
}

TEST_F(PassedInterruptsTest, LowersThePinOnlyForItsOwnUnmasking) {
    passed.write(mask_register, 4, ~pin_bit);
    passed.fired(number);
    passed.write(mask_register, 4, ~(pin_bit | 1));
    EXPECT_EQ(requests(), pin_bit);
    EXPECT_EQ(physical.unmasked, 1U);
}

TEST_F(PassedInterruptsTest, TakesAccessesOfEverySize) {
    passed.write(mask_register + 2, 1, 0xfd);
    EXPECT_EQ(physical.unmasked, 1U);
    passed.write(mask_register, 4, 0xffffffff);
    passed.write(mask_register, 8, ~std::uint64_t{pin_bit});
    EXPECT_EQ(physical.unmasked, 2U);
    passed.write(mask_register + 4, 4, 0);
    EXPECT_EQ(physical.unmasked, 2U);
}

TEST_F(PassedInterruptsTest, MasksTheBoardsAndLowersThePinAtReset) {
    passed.fired(number);
    passed.reset();
    EXPECT_EQ(physical.masked, 1U);
    EXPECT_EQ(requests(), 0U);
}

}  // namespace
}  // namespace lkvm::hv
