// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/transport_mmio.hpp"

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/holding_device.hpp"
#include "virtio/features.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::test {
namespace {

namespace mmio = virtio::mmio;
namespace status = virtio::status;
using virtio::RingFormat;

class TransportTest : public testing::Test {
protected:
    std::uint16_t offer(unsigned queue = 0) {
        return driver.ring(queue).add({{ram.allocate(8), 8, true}});
    }
    void select(std::uint32_t queue) { driver.write(mmio::QueueSel, queue); }

    TestRam ram;
    HoldingDevice device;
    DriverHarness driver{ram, device};
};

TEST_F(TransportTest, IdentifiesItself) {
    EXPECT_EQ(driver.read(mmio::MagicValue), 0x74726976u);
    EXPECT_EQ(driver.read(mmio::Version), 2u);
    EXPECT_EQ(driver.read(mmio::DeviceID), 2u);
    EXPECT_NE(driver.read(mmio::VendorID), 0u);
    EXPECT_EQ(driver.status(), 0u);
}

TEST_F(TransportTest, OffersFeaturesOfDeviceAndTransport) {
    device.extra_features = 1u << 5;
    EXPECT_EQ(driver.offered(), 1u << 5 | virtio::F_VERSION_1 | virtio::F_INDIRECT_DESC |
                                    virtio::F_EVENT_IDX | virtio::F_RING_RESET);
    driver.write(mmio::DeviceFeaturesSel, 2);
    EXPECT_EQ(driver.read(mmio::DeviceFeatures), 0u);
    DriverHarness packed(ram, device, RingFormat::packed);
    EXPECT_NE(packed.offered() & virtio::F_RING_PACKED, 0u);
}

TEST_F(TransportTest, StartsTheDeviceWithTheNegotiatedFeatures) {
    device.extra_features = 0xf0;
    driver.start(0x30 | virtio::F_EVENT_IDX);
    EXPECT_EQ(device.starts, 1u);
    EXPECT_EQ(device.started_with, 0x30 | virtio::F_EVENT_IDX | virtio::F_VERSION_1);
}

TEST_F(TransportTest, RefusesFeaturesThatWereNotOffered) {
    EXPECT_FALSE(driver.negotiate(1u << 3));
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE | status::DRIVER);
}

TEST_F(TransportTest, RefusesLegacyDrivers) {
    driver.write(mmio::Status, status::ACKNOWLEDGE);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
    EXPECT_EQ(driver.status() & status::FEATURES_OK, 0u);
}

TEST_F(TransportTest, RefusesFeaturesThatTheDeviceDoesNotLike) {
    device.acceptable = false;
    EXPECT_FALSE(driver.negotiate(0));
}

TEST_F(TransportTest, FeaturesAreFixedAfterFeaturesOk) {
    device.extra_features = 0xff;
    EXPECT_TRUE(driver.negotiate(1));
    driver.write(mmio::DriverFeaturesSel, 0);
    driver.write(mmio::DriverFeatures, 0xff);
    driver.driver_ok();
    EXPECT_EQ(device.started_with & 0xff, 1u);
}

TEST_F(TransportTest, StatusBitsComeInOrderAndStay) {
    driver.write(mmio::Status, status::DRIVER);
    EXPECT_EQ(driver.status(), 0u);
    driver.write(mmio::Status, status::ACKNOWLEDGE);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER_OK);
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
    driver.write(mmio::Status, status::DRIVER);
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE | status::DRIVER) << "no bit goes";
    EXPECT_EQ(device.starts, 0u);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FAILED);
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE | status::DRIVER | status::FAILED);
    driver.write(mmio::Status, 0);
    EXPECT_EQ(driver.status(), 0u);
}

TEST_F(TransportTest, DriverCannotSetNeedsReset) {
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DEVICE_NEEDS_RESET);
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE);
}

TEST_F(TransportTest, ResetForgetsEverything) {
    device.extra_features = 1;
    driver.start(1);
    offer();
    driver.kick(0);
    device.give_back_all();
    device.notify(0);
    EXPECT_EQ(driver.read(mmio::InterruptStatus), 1u);
    driver.write(mmio::Status, 0);
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_EQ(driver.read(mmio::InterruptStatus), 0u);
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
    EXPECT_EQ(device.resets, 1u);
    driver.start(0);
    EXPECT_EQ(device.started_with, virtio::F_VERSION_1);
    offer();
    driver.kick(0);
    EXPECT_EQ(device.held.size(), 1u);
}

TEST_F(TransportTest, ResetOfAnIdleDeviceWaitsForNobody) {
    driver.write(mmio::Status, 0);
    EXPECT_EQ(driver.owner.waits, 0u);
    EXPECT_EQ(device.resets, 0u);
}

TEST_F(TransportTest, ResetInFlightReadsAsNotDoneUntilTheLastCompletion) {
    driver.start(0);
    offer(0);
    offer(1);
    driver.kick(0);
    driver.kick(1);
    device.in_flight = true;
    driver.write(mmio::Status, 0);
    EXPECT_FALSE(driver.owner.met);
    EXPECT_NE(driver.status(), 0u);
    // Nothing else is possible meanwhile.
    driver.write(mmio::Status, status::ACKNOWLEDGE);
    select(0);
    driver.write(mmio::QueueReady, 1);
    driver.write(mmio::Config, 0xff);
    EXPECT_EQ(device.config[0], std::byte{0});
    EXPECT_EQ(device.resets, 0u);
    device.give_back(0, 0);
    driver.owner.run();
    EXPECT_NE(driver.status(), 0u);
    device.give_back(0, 0);
    driver.owner.run();
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_EQ(device.resets, 1u);
}

TEST_F(TransportTest, ResetFromOutsideWaitsForRequestsInFlight) {
    driver.start(0);
    offer();
    driver.kick(0);
    device.in_flight = true;
    EXPECT_FALSE(driver.transport.reset());
    EXPECT_FALSE(driver.transport.reset());
    device.give_back_all();
    EXPECT_TRUE(driver.transport.reset());
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_TRUE(driver.transport.reset()) << "again is fine";
}

TEST_F(TransportTest, QueueResetStopsOneQueueOnly) {
    driver.start(virtio::F_RING_RESET);
    offer(0);
    offer(1);
    driver.kick(0);
    driver.kick(1);
    select(0);
    EXPECT_EQ(driver.read(mmio::QueueReset), 0u);
    driver.write(mmio::QueueReset, 1);
    EXPECT_EQ(driver.read(mmio::QueueReset), 0u) << "done";
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
    ASSERT_EQ(device.held.size(), 1u);
    EXPECT_EQ(device.held[0].queue, 1u);
    // The queue comes back with another ring, the other one never noticed.
    DriverRing& again = driver.set_up(0, 8);
    again.add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    EXPECT_EQ(device.held.size(), 2u);
    EXPECT_EQ(device.resets, 0u);
}

TEST_F(TransportTest, QueueResetInFlightReadsOneUntilDone) {
    driver.start(virtio::F_RING_RESET);
    offer(0);
    driver.kick(0);
    device.in_flight = true;
    select(0);
    driver.write(mmio::QueueReset, 1);
    EXPECT_EQ(driver.read(mmio::QueueReset), 1u);
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
    driver.write(mmio::QueueReset, 1);
    driver.write(mmio::QueueReady, 1);
    EXPECT_EQ(driver.read(mmio::QueueReset), 1u);
    device.give_back_all();
    driver.owner.run();
    EXPECT_EQ(driver.read(mmio::QueueReset), 0u);
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
}

TEST_F(TransportTest, QueueResetNeedsItsFeature) {
    driver.start(0);
    select(0);
    driver.write(mmio::QueueReset, 1);
    EXPECT_EQ(driver.read(mmio::QueueReady), 1u);
}

TEST_F(TransportTest, WritingZeroToQueueReadyStopsTheQueue) {
    driver.start(0);
    offer();
    driver.kick(0);
    select(0);
    driver.write(mmio::QueueReady, 0);
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
    EXPECT_TRUE(device.held.empty());
}

TEST_F(TransportTest, BuffersOfferedBeforeDriverOkAreTakenAfterIt) {
    EXPECT_TRUE(driver.negotiate(0));
    driver.set_up(0);
    offer();
    driver.write(mmio::QueueNotify, 0);
    driver.owner.run();
    EXPECT_TRUE(device.held.empty());
    EXPECT_EQ(device.runs, 0u);
    driver.driver_ok();
    EXPECT_EQ(device.held.size(), 1u);
}

TEST_F(TransportTest, QueueIsNotEnabledBeforeFeaturesOk) {
    driver.write(mmio::Status, status::ACKNOWLEDGE);
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
    driver.set_up(0);
    EXPECT_EQ(driver.read(mmio::QueueReady), 0u);
    EXPECT_FALSE(driver.broken());
}

TEST_F(TransportTest, EveryUsedBufferPulsesWhateverTheInterruptStatus) {
    driver.start(0);
    for (unsigned i = 1; i <= 3; ++i) {
        offer();
        driver.kick(0);
        device.give_back_all();
        device.notify(0);
        EXPECT_EQ(driver.pulse.count, i);
    }
    EXPECT_EQ(driver.read(mmio::InterruptStatus), 1u);
    driver.write(mmio::InterruptACK, 1);
    EXPECT_EQ(driver.read(mmio::InterruptStatus), 0u);
}

TEST_F(TransportTest, ConfigurationChangeMovesTheGenerationAndInterrupts) {
    const std::uint32_t before = driver.read(mmio::ConfigGeneration);
    device.events().config_changed();
    EXPECT_NE(driver.read(mmio::ConfigGeneration), before);
    EXPECT_EQ(driver.pulse.count, 0u) << "no driver yet";
    driver.start(0);
    device.events().config_changed();
    EXPECT_EQ(driver.read(mmio::InterruptStatus), mmio::interrupt_config_change);
    EXPECT_EQ(driver.pulse.count, 1u);
}

TEST_F(TransportTest, NeedsResetIsShownAndTold) {
    driver.start(0);
    offer();
    driver.kick(0);
    device.events().needs_reset();
    device.events().needs_reset();
    EXPECT_TRUE(driver.broken());
    EXPECT_EQ(driver.read(mmio::InterruptStatus), mmio::interrupt_config_change);
    EXPECT_EQ(driver.pulse.count, 1u);
    offer();
    driver.write(mmio::QueueNotify, 0);
    driver.owner.run();
    EXPECT_EQ(device.held.size(), 1u) << "stands still";
    driver.start(0);
    EXPECT_FALSE(driver.broken());
    offer();
    driver.kick(0);
    EXPECT_EQ(device.held.size(), 1u) << "works again";
}

TEST_F(TransportTest, ConfigurationSpaceTakesAllSizes) {
    for (unsigned i = 0; i < device.config.size(); ++i) {
        device.config[i] = static_cast<std::byte>(i + 1);
    }
    EXPECT_EQ(driver.transport.read(mmio::Config, 1), 0x01u);
    EXPECT_EQ(driver.transport.read(mmio::Config + 2, 2), 0x0403u);
    EXPECT_EQ(driver.transport.read(mmio::Config + 4, 4), 0x08070605u);
    EXPECT_EQ(driver.transport.read(mmio::Config + 8, 8), 0x100f0e0d0c0b0a09u);
    EXPECT_EQ(driver.transport.read(mmio::Config + 12, 8), 0x100f0e0du) << "zeroes behind the end";
    EXPECT_EQ(driver.transport.read(mmio::Config + 0xf8, 8), 0u);
    driver.transport.write(mmio::Config + 2, 2, 0xbbaa);
    EXPECT_EQ(device.config[2], std::byte{0xaa});
    EXPECT_EQ(device.config[3], std::byte{0xbb});
    EXPECT_EQ(device.config[4], std::byte{5});
}

TEST_F(TransportTest, SharedMemoryRegionsDoNotExist) {
    driver.write(mmio::SHMSel, 0);
    EXPECT_EQ(driver.read(mmio::SHMLenLow), UINT32_MAX);
    EXPECT_EQ(driver.read(mmio::SHMLenHigh), UINT32_MAX);
}

TEST_F(TransportTest, QueueSizesAreShown) {
    select(0);
    EXPECT_EQ(driver.read(mmio::QueueNumMax), HoldingDevice::largest_queue);
    select(2);
    EXPECT_EQ(driver.read(mmio::QueueNumMax), 0u) << "there are two";
    select(UINT32_MAX);
    EXPECT_EQ(driver.read(mmio::QueueNumMax), 0u);
}

TEST_F(TransportTest, SeveralStatusStepsAtOnceAreFine) {
    driver.write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
    EXPECT_EQ(driver.status(), status::ACKNOWLEDGE | status::DRIVER);
    driver.write(mmio::DriverFeaturesSel, 1);
    driver.write(mmio::DriverFeatures, 1);
    driver.write(mmio::Status,
                 status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK);
    EXPECT_EQ(device.starts, 1u);
}

}  // namespace
}  // namespace lkvm::test
