// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/balloon/device.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/support/virtio/driver.hpp"

namespace lkvm::test {
namespace {

namespace balloon = virtio::balloon;

class RecordingReclaimer final : public MemoryReclaimer {
public:
    void give_back(Gpa where, std::uint64_t size) override {
        ranges.push_back({where.value, size});
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
};

class RecordingSink final : public balloon::StatisticsSink {
public:
    void statistics(const balloon::Statistics& statistics) override { all.push_back(statistics); }
    std::vector<balloon::Statistics> all;
};

using Ranges = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

class BalloonTest : public testing::TestWithParam<virtio::RingFormat> {
protected:
    ~BalloonTest() override { EXPECT_TRUE(driver.transport.reset()); }

    /// Sends page numbers to a queue; true if the buffer came back.
    bool pages(unsigned queue, const std::vector<std::uint32_t>& numbers) {
        std::vector<Le32> list;
        for (const std::uint32_t number : numbers) list.emplace_back(number);
        const auto bytes = std::as_bytes(std::span{list});
        const Gpa where = ram.allocate(bytes.size() + 1);
        ram.put_bytes(where, bytes);
        driver.ring(queue).add({{where, static_cast<std::uint32_t>(bytes.size()), false}});
        driver.kick(queue);
        const auto used = driver.ring(queue).poll();
        EXPECT_EQ(used.value_or(Used{0, 7}).length, 0u);
        return used.has_value();
    }
    static constexpr std::uint32_t page(std::uint64_t where) {
        return static_cast<std::uint32_t>(where / balloon::page_size);
    }
    void start(std::uint64_t features = UINT64_MAX) { driver.start(features & device.features()); }
    [[nodiscard]] std::uint32_t config(std::uint64_t offset) {
        constexpr std::uint64_t config_base = 0x100;
        return driver.read(config_base + offset);
    }

    TestRam ram;
    RecordingReclaimer reclaimer;
    RecordingSink sink;
    balloon::BalloonDevice device{ram.memory, reclaimer, sink};
    DriverHarness driver{ram, device, GetParam()};
    static constexpr std::uint64_t first = TestRam::third.value;
};

TEST_P(BalloonTest, GivesPagesBackAndJoinsNeighbors) {
    start();
    EXPECT_TRUE(pages(0, {page(first), page(first) + 1, page(first) + 2, page(first) + 9}));
    EXPECT_EQ(reclaimer.ranges, (Ranges{{first, 3 * 4096}, {first + 9 * 4096, 4096}}));
    EXPECT_EQ(device.inflated_bytes(), 4u * 4096);
    EXPECT_TRUE(ram.observer.covers(Gpa{first}, 3 * 4096));
    // What comes back needs nothing.
    EXPECT_TRUE(pages(1, {page(first)}));
    EXPECT_EQ(reclaimer.ranges.size(), 2u);
}

TEST_P(BalloonTest, SkipsWhatIsNotMemory) {
    start();
    EXPECT_TRUE(pages(0, {0, page(TestRam::gap.value), UINT32_MAX, page(first)}));
    EXPECT_EQ(reclaimer.ranges, (Ranges{{first, 4096}}));
    EXPECT_EQ(device.outside(), 3u);
    EXPECT_FALSE(driver.broken());
}

TEST_P(BalloonTest, NeverCrossesTheEndOfABank) {
    start();
    // Two banks that touch for the guest.
    const std::uint32_t border = page(TestRam::second.value);
    EXPECT_TRUE(pages(0, {border - 1, border}));
    EXPECT_EQ(reclaimer.ranges,
              (Ranges{{TestRam::second.value - 4096, 4096}, {TestRam::second.value, 4096}}));
}

TEST_P(BalloonTest, ToleratesEmptyAndOddLists) {
    start();
    EXPECT_TRUE(pages(0, {}));
    const Gpa where = ram.allocate(16);
    ram.put(where, Le32(page(first)));
    driver.ring(0).add({{where, 6, false}});
    driver.kick(0);
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    EXPECT_EQ(reclaimer.ranges, (Ranges{{first, 4096}}));
}

TEST_P(BalloonTest, TellsTheDriverOfANewTarget) {
    start();
    EXPECT_EQ(config(0), 0u);
    const unsigned before = driver.pulse.count;
    device.set_target(300);
    EXPECT_GT(driver.pulse.count, before);
    EXPECT_EQ(config(0), 300u);
    const unsigned after = driver.pulse.count;
    device.set_target(300);
    EXPECT_EQ(driver.pulse.count, after);
    driver.write(0x104, 120);
    EXPECT_EQ(device.actual(), 120u);
    // A new driver starts with nothing, but the target stays.
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_EQ(device.actual(), 0u);
    start();
    EXPECT_EQ(config(0), 300u);
}

TEST_P(BalloonTest, GivesReportedPagesBack) {
    start();
    driver.ring(3).add({{Gpa{first}, 0x80000, true}, {Gpa{first + 0x100000}, 0x1000, true}});
    driver.kick(3);
    EXPECT_TRUE(driver.ring(3).poll().has_value());
    EXPECT_EQ(reclaimer.ranges, (Ranges{{first, 0x80000}, {first + 0x100000, 0x1000}}));
    EXPECT_EQ(device.reported_bytes(), 0x81000u);
}

TEST_P(BalloonTest, KeepsPoisonedPages) {
    start();
    driver.write(0x10c, 0xaaaaaaaa);
    driver.ring(3).add({{Gpa{first}, 0x1000, true}});
    driver.kick(3);
    EXPECT_TRUE(driver.ring(3).poll().has_value());
    EXPECT_TRUE(reclaimer.ranges.empty());
}

TEST_P(BalloonTest, AsksForStatisticsAndKeepsTheBuffer) {
    start();
    EXPECT_FALSE(device.request_statistics());
    const Gpa where = ram.allocate(64);
    const auto entry = [&](unsigned index, std::uint16_t tag, std::uint64_t value) {
        ram.put(Gpa{where.value + 10 * index}, Le16(tag));
        ram.put(Gpa{where.value + 10 * index + 2}, Le64(value));
    };
    entry(0, 4, 1111);
    entry(1, 999, 5);
    entry(2, 5, 2222);
    driver.ring(2).add({{where, 30, false}});
    driver.kick(2);
    EXPECT_FALSE(driver.ring(2).poll().has_value());
    ASSERT_EQ(sink.all.size(), 1u);
    EXPECT_EQ(sink.all[0][4], 1111u);
    EXPECT_EQ(sink.all[0][5], 2222u);
    EXPECT_FALSE(sink.all[0][0].has_value());
    EXPECT_TRUE(device.request_statistics());
    EXPECT_TRUE(driver.ring(2).poll().has_value());
    EXPECT_FALSE(device.request_statistics());
    entry(0, 4, 3333);
    driver.ring(2).add({{where, 15, false}});  // one entry, and half of another
    driver.kick(2);
    ASSERT_EQ(sink.all.size(), 2u);
    EXPECT_EQ(sink.all[1][4], 3333u);
    EXPECT_FALSE(sink.all[1][5].has_value());
}

TEST_P(BalloonTest, WithoutStatisticsTheirQueueReports) {
    start(~balloon::F_STATS_VQ);
    driver.ring(2).add({{Gpa{first}, 0x1000, true}});
    driver.kick(2);
    EXPECT_TRUE(driver.ring(2).poll().has_value());
    EXPECT_EQ(reclaimer.ranges, (Ranges{{first, 0x1000}}));
    EXPECT_TRUE(sink.all.empty());
}

INSTANTIATE_TEST_SUITE_P(Formats, BalloonTest,
                         testing::Values(virtio::RingFormat::split, virtio::RingFormat::packed));

}  // namespace
}  // namespace lkvm::test
