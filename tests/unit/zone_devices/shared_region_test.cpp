// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/shared_region.hpp"

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"

namespace lkvm::hv {
namespace {

class SharedDoorbellTest : public ::testing::Test {
protected:
    SharedRegion region;
    test::RecordingPulse pulses[3];
    SharedDoorbell bells[3] = {{region, pulses[0]}, {region, pulses[1]}, {region, pulses[2]}};
};

TEST_F(SharedDoorbellTest, TellsEachPeerItsNumberAndTheOthers) {
    for (unsigned i = 0; i < 3; ++i) {
        EXPECT_EQ(bells[i].read(SharedDoorbell::Magic, 4), 0x4d534b4cU);
        EXPECT_EQ(bells[i].read(SharedDoorbell::Self, 4), i);
        EXPECT_EQ(bells[i].read(SharedDoorbell::Peers, 4), 7U);
    }
}

TEST_F(SharedDoorbellTest, InterruptsThePeersThatAreRung) {
    bells[0].write(SharedDoorbell::Ring, 4, 0b110);
    EXPECT_EQ(pulses[0].count, 0U);
    EXPECT_EQ(pulses[1].count, 1U);
    EXPECT_EQ(pulses[2].count, 1U);
    EXPECT_EQ(bells[1].read(SharedDoorbell::Rung, 4), 1U);
    bells[2].write(SharedDoorbell::Ring, 4, 0b010);
    EXPECT_EQ(bells[1].read(SharedDoorbell::Rung, 4), 0b101U);
    EXPECT_EQ(pulses[1].count, 2U);
}

TEST_F(SharedDoorbellTest, InterruptsAgainOnlyAfterAnAnswer) {
    for (unsigned i = 0; i < 100; ++i) bells[0].write(SharedDoorbell::Ring, 4, 2);
    EXPECT_EQ(pulses[1].count, 1U);
    bells[1].write(SharedDoorbell::Rung, 4, 1);
    EXPECT_EQ(bells[1].read(SharedDoorbell::Rung, 4), 0U);
    bells[0].write(SharedDoorbell::Ring, 4, 2);
    EXPECT_EQ(pulses[1].count, 2U);
}

TEST_F(SharedDoorbellTest, IgnoresPeersThatAreNotThereAndOtherSizes) {
    bells[0].write(SharedDoorbell::Ring, 4, 0xfffffff8);
    bells[0].write(SharedDoorbell::Ring, 8, 0b111);
    bells[0].write(SharedDoorbell::Ring, 1, 0b111);
    bells[0].write(SharedDoorbell::Self, 4, 5);
    for (const auto& pulse : pulses) EXPECT_EQ(pulse.count, 0U);
    EXPECT_EQ(bells[0].read(SharedDoorbell::Self, 4), 0U);
    EXPECT_EQ(bells[0].read(SharedDoorbell::Magic, 8), 0U);
    EXPECT_EQ(bells[0].read(0x1fc, 4), 0U);
}

}  // namespace
}  // namespace lkvm::hv
