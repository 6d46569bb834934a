// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/rng/device.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"

namespace lkvm::test {
namespace {

class CountingEntropy final : public EntropySource {
public:
    std::size_t fill(std::span<std::byte> to) override {
        const std::size_t count = std::min(to.size(), left);
        for (std::byte& byte : to.first(count)) byte = static_cast<std::byte>(++next_);
        left -= count;
        return count;
    }
    std::size_t left = SIZE_MAX;

private:
    unsigned next_ = 0;
};

class RngTest : public testing::TestWithParam<virtio::RingFormat> {
protected:
    std::uint32_t ask(const std::vector<Piece>& pieces) {
        driver.ring(0).add(pieces);
        driver.kick(0);
        const auto used = driver.ring(0).poll();
        EXPECT_TRUE(used.has_value());
        return used.has_value() ? used->length : 0;
    }

    TestRam ram;
    CountingEntropy entropy;
    virtio::rng::RngDevice device{ram.memory, entropy};
    DriverHarness driver{ram, device, GetParam()};
};

TEST_P(RngTest, FillsTheWholeBuffer) {
    driver.start(virtio::F_EVENT_IDX);
    const Gpa a = ram.allocate(3);
    const Gpa b = ram.allocate(5);
    EXPECT_EQ(ask({{a, 3, true}, {b, 5, true}}), 8u);
    EXPECT_EQ(ram.get<std::uint8_t>(a), 1u);
    EXPECT_EQ(ram.get<std::uint8_t>(Gpa{b.value + 4}), 8u);
    EXPECT_EQ(driver.pulse.count, 1u);
}

TEST_P(RngTest, SaysHowMuchThereWas) {
    driver.start(0);
    entropy.left = 5;
    EXPECT_EQ(ask({{ram.allocate(64), 64, true}}), 5u);
    EXPECT_EQ(ask({{ram.allocate(64), 64, true}}), 0u);
}

TEST_P(RngTest, LargeBuffersGetALimitedAmount) {
    driver.start(0);
    const std::uint32_t size = virtio::rng::RngDevice::most_bytes + 1000;
    EXPECT_EQ(ask({{TestRam::third, size, true}}), virtio::rng::RngDevice::most_bytes);
    EXPECT_EQ(ram.get<std::uint8_t>(Gpa{TestRam::third.value + virtio::rng::RngDevice::most_bytes}),
              0u);
}

TEST_P(RngTest, ReadableBuffersGetNothing) {
    driver.start(0);
    EXPECT_EQ(ask({{ram.allocate(64), 64, false}}), 0u);
    EXPECT_FALSE(driver.broken());
}

TEST_P(RngTest, ConfigurationSpaceIsEmpty) {
    EXPECT_EQ(driver.transport.read(0x100, 8), 0u);
}

INSTANTIATE_TEST_SUITE_P(All, RngTest,
                         testing::Values(virtio::RingFormat::split, virtio::RingFormat::packed));

}  // namespace
}  // namespace lkvm::test
