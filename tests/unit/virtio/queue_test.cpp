// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/queue.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/holding_device.hpp"
#include "virtio/mmio_registers.hpp"

namespace lkvm::test {
namespace {

using virtio::RingFormat;

struct Variant {
    RingFormat format = RingFormat::split;
    bool event_idx = false;
    Shape shape = Shape::direct;
};

std::string variant_name(const testing::TestParamInfo<Variant>& info) {
    std::string name = info.param.format == RingFormat::split ? "Split" : "Packed";
    if (info.param.event_idx) name += "EventIdx";
    name += info.param.shape == Shape::direct ? "Direct" : "Indirect";
    return name;
}

class QueueTest : public testing::TestWithParam<Variant> {
protected:
    void start(std::uint16_t size = 16) {
        std::uint64_t features = virtio::F_INDIRECT_DESC;
        if (GetParam().event_idx) features |= virtio::F_EVENT_IDX;
        driver.start(features, size);
    }
    DriverRing& ring() { return driver.ring(0); }
    std::uint16_t add(const std::vector<Piece>& pieces) {
        return ring().add(pieces, GetParam().shape);
    }

    TestRam ram;
    HoldingDevice device;
    DriverHarness driver{ram, device, GetParam().format};
};

TEST_P(QueueTest, ChainArrivesAsItWasOffered) {
    start();
    const Gpa out = ram.allocate(100);
    const Gpa in = ram.allocate(200);
    ram.put<Le32>(out, 0x12345678u);
    add({{out, 60, false}, {Gpa{out.value + 60}, 40, false}, {in, 200, true}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 1u);
    const virtio::DescriptorChain& chain = device.held[0].chain;
    EXPECT_EQ(chain.readable_bytes(), 100u);
    EXPECT_EQ(chain.writable_bytes(), 200u);
    ASSERT_EQ(chain.readable().size(), 2u);
    EXPECT_EQ(chain.readable()[1].where(), Gpa{out.value + 60});
    ASSERT_EQ(chain.writable().size(), 1u);
    EXPECT_EQ(chain.writable()[0].where(), in);
    virtio::ChainReader reader(ram.memory, chain);
    EXPECT_EQ(reader.read<Le32>()->value(), 0x12345678u);
    EXPECT_EQ(reader.remaining(), 96u);
}

TEST_P(QueueTest, TakesWhatTheAllowanceIsForAndComesBack) {
    start();
    constexpr unsigned chains = 7;
    for (unsigned i = 0; i < chains; ++i) add({{ram.allocate(8), 8, true}});
    driver.owner.turn = 20;
    driver.transport.run(0);
    EXPECT_LT(device.held.size(), 4u);
    EXPECT_TRUE(driver.owner.kicked.contains(0));
    driver.owner.run();
    EXPECT_EQ(device.held.size(), chains);
    // What comes now is kicked for.
    add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    EXPECT_EQ(device.held.size(), chains + 1);
}

TEST_P(QueueTest, EmptyDescriptorsUseTheAllowanceUp) {
    start();
    for (unsigned i = 0; i < 2; ++i) {
        add({{ram.allocate(8), 0, false}, {ram.allocate(8), 0, false}, {ram.allocate(8), 8, true}});
    }
    driver.owner.turn = 10;
    driver.transport.run(0);
    EXPECT_EQ(device.held.size(), 1u);
    driver.owner.run();
    EXPECT_EQ(device.held.size(), 2u);
}

TEST_P(QueueTest, UsedBufferCarriesIdAndLength) {
    start();
    const std::uint16_t id = add({{ram.allocate(64), 64, true}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 1u);
    EXPECT_FALSE(ring().poll().has_value());
    device.give_back(0, 17);
    device.notify(0);
    EXPECT_EQ(ring().poll(), (Used{id, 17}));
    EXPECT_FALSE(ring().poll().has_value());
    EXPECT_EQ(driver.pulse.count, 1u);
    EXPECT_EQ(driver.read(virtio::mmio::InterruptStatus), virtio::mmio::interrupt_used_buffer);
}

TEST_P(QueueTest, WrittenBytesAreAnnouncedBeforeTheDriverIsTold) {
    start();
    const Gpa first = ram.allocate(10);
    const Gpa second = ram.allocate(10);
    add({{first, 10, true}, {second, 10, true}});
    driver.kick(0);
    ram.observer.writes.clear();
    device.give_back(0, 14);
    EXPECT_TRUE(ram.observer.covers(first, 10));
    EXPECT_TRUE(ram.observer.covers(second, 4));
    EXPECT_FALSE(ram.observer.covers(Gpa{second.value + 4}, 1));
    // Data first, then what belongs to the ring.
    ASSERT_GE(ram.observer.writes.size(), 3u);
    EXPECT_EQ(ram.observer.writes[0].first, first);
    EXPECT_EQ(ram.observer.writes[1].first, second);
}

TEST_P(QueueTest, CompletionsMayComeInAnyOrder) {
    start();
    const std::uint16_t a = add({{ram.allocate(8), 8, true}});
    const std::uint16_t b = add({{ram.allocate(8), 8, true}, {ram.allocate(8), 8, true}});
    const std::uint16_t c = add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 3u);
    device.give_back(2, 3);
    device.give_back(0, 1);
    device.give_back(0, 2);
    device.notify(0);
    EXPECT_EQ(ring().poll(), (Used{c, 3}));
    EXPECT_EQ(ring().poll(), (Used{a, 1}));
    EXPECT_EQ(ring().poll(), (Used{b, 2}));
    EXPECT_EQ(driver.pulse.count, 1u) << "one interrupt for all";
}

TEST_P(QueueTest, RingWrapsManyTimes) {
    start(8);
    device.at_once = true;
    const Gpa buffer = ram.allocate(64);
    for (unsigned round = 0; round < 1000; ++round) {
        // Chains of one to three descriptors drift over the ring's end.
        std::vector<Piece> pieces;
        for (unsigned i = 0; i <= round % 3; ++i) {
            pieces.push_back({Gpa{buffer.value + 8 * i}, 8, true});
        }
        // Tables are only read while the chain is in flight: reuse their memory.
        const std::uint16_t id = GetParam().shape == Shape::direct || round < 200
                                     ? add(pieces)
                                     : ring().add(pieces, Shape::direct);
        driver.kick(0);
        const auto used = ring().poll();
        ASSERT_TRUE(used.has_value()) << round;
        EXPECT_EQ(used->id, id);
        EXPECT_EQ(used->length, 8 * pieces.size());
    }
    EXPECT_EQ(driver.pulse.count, 1000u);
    EXPECT_FALSE(driver.broken());
}

TEST_P(QueueTest, FullRingIsTakenWhole) {
    start(16);
    std::vector<std::uint16_t> ids;
    for (unsigned i = 0; i < 16; ++i) ids.push_back(add({{ram.allocate(8), 8, true}}));
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 16u);
    device.give_back_all();
    device.notify(0);
    for (const std::uint16_t id : ids) EXPECT_EQ(ring().poll(), (Used{id, 0}));
}

TEST_P(QueueTest, NotifyingWithoutCompletionsIsSilent) {
    start();
    add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    device.give_back_all();
    device.notify(0);
    device.notify(0);
    EXPECT_EQ(driver.pulse.count, 1u);
}

TEST_P(QueueTest, ChainWithMorePiecesThanTheDeviceTakesNeedsReset) {
    start(64);
    const Gpa buffer = ram.allocate(8);
    add(std::vector<Piece>(HoldingDevice::max_segments, {buffer, 8, true}));
    driver.kick(0);
    EXPECT_EQ(device.held.size(), 1u);
    EXPECT_FALSE(driver.broken());
    device.give_back_all();
    EXPECT_TRUE(ring().poll().has_value());
    add(std::vector<Piece>(HoldingDevice::max_segments + 1, {buffer, 8, true}));
    driver.kick(0);
    EXPECT_TRUE(driver.broken());
    EXPECT_TRUE(device.held.empty());
}

TEST_P(QueueTest, NoInterruptWhenTheDriverWantsNone) {
    start();
    device.at_once = true;
    ring().want_interrupts(false);
    add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    EXPECT_EQ(driver.pulse.count, 0u);
    EXPECT_TRUE(ring().poll().has_value());
    ring().want_interrupts(true);
    add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    EXPECT_EQ(driver.pulse.count, 1u);
}

TEST_P(QueueTest, KicksAreWantedOnlyWhileTheQueueIsEmpty) {
    start();
    add({{ram.allocate(8), 8, true}});
    EXPECT_TRUE(ring().needs_kick());
    device.queues()[0].disable_kicks();
    if (!GetParam().event_idx) {
        add({{ram.allocate(8), 8, true}});
        EXPECT_FALSE(ring().needs_kick());
    }
    driver.write(virtio::mmio::QueueNotify, 0);
    driver.owner.run();
    add({{ram.allocate(8), 8, true}});
    EXPECT_TRUE(ring().needs_kick()) << "the device has seen everything";
}

TEST_P(QueueTest, EnablingKicksReportsWhatCameMeanwhile) {
    start();
    add({{ram.allocate(8), 8, true}});
    virtio::Queue& queue = device.queues()[0];
    queue.disable_kicks();
    EXPECT_TRUE(queue.enable_kicks());
    driver.kick(0);
    EXPECT_FALSE(queue.enable_kicks());
}

TEST_P(QueueTest, EmptyPiecesAreLegalAndVanish) {
    start();
    const Gpa buffer = ram.allocate(8);
    add({{Gpa{0}, 0, false}, {buffer, 8, false}, {TestRam::gap, 0, true}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 1u);
    EXPECT_EQ(device.held[0].chain.readable().size(), 1u);
    EXPECT_TRUE(device.held[0].chain.writable().empty());
    EXPECT_FALSE(driver.broken());
}

TEST_P(QueueTest, BufferOverTwoTouchingBanksIsCutAtTheBorder) {
    start();
    const Gpa where{TestRam::second.value - 6};
    add({{where, 16, true}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 1u);
    const virtio::DescriptorChain& chain = device.held[0].chain;
    ASSERT_EQ(chain.writable().size(), 2u);
    EXPECT_EQ(chain.writable()[0].length, 6u);
    EXPECT_EQ(chain.writable()[1].where(), TestRam::second);
    EXPECT_EQ(chain.writable()[1].length, 10u);
    virtio::ChainWriter writer(ram.memory, chain);
    EXPECT_TRUE(writer.write(std::array<char, 16>{"0123456789abcde"}));
    device.give_back(0, 16);
    EXPECT_EQ(ram.get<char>(Gpa{where.value + 5}), '5');
    EXPECT_EQ(ram.get<char>(TestRam::second), '6');
}

TEST_P(QueueTest, SegmentsAreACopy) {
    start();
    const Gpa buffer = ram.allocate(8);
    add({{buffer, 8, true}});
    driver.kick(0);
    // Whatever the driver does to the descriptor now.
    for (unsigned i = 0; i < ring().size; ++i) {
        put_descriptor(ram, GetParam().format, ring().descriptor(i), 0, UINT32_MAX, 0xffff, 0xffff);
    }
    ASSERT_EQ(device.held.size(), 1u);
    EXPECT_EQ(device.held[0].chain.writable()[0].where(), buffer);
    EXPECT_EQ(device.held[0].chain.writable()[0].length, 8u);
    device.give_back(0, 8);
}

TEST_P(QueueTest, CompletionsWhileStoppingAreNotShown) {
    start();
    add({{ram.allocate(8), 8, true}});
    driver.kick(0);
    device.in_flight = true;
    driver.owner.stuck = true;
    const std::vector<std::byte> before = ram.bytes(ring().descriptors, 16u * 16);
    const std::vector<std::byte> used_before = ram.bytes(ring().device, 4);
    driver.write(virtio::mmio::Status, 0);
    EXPECT_NE(driver.status(), 0u) << "the request is still in flight";
    device.give_back(0, 8);
    device.notify(0);
    driver.owner.run();
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_EQ(driver.pulse.count, 0u);
    EXPECT_EQ(ram.bytes(ring().descriptors, 16u * 16), before);
    EXPECT_EQ(ram.bytes(ring().device, 4), used_before);
}

TEST_P(QueueTest, NothingComesFromAQueueAfterReset) {
    start();
    driver.write(virtio::mmio::Status, 0);
    EXPECT_EQ(driver.status(), 0u);
    add({{ram.allocate(8), 8, true}});
    driver.write(virtio::mmio::QueueNotify, 0);
    driver.owner.run();
    EXPECT_TRUE(device.held.empty());
}

INSTANTIATE_TEST_SUITE_P(All, QueueTest,
                         testing::Values(Variant{RingFormat::split, false, Shape::direct},
                                         Variant{RingFormat::split, true, Shape::direct},
                                         Variant{RingFormat::split, false, Shape::indirect},
                                         Variant{RingFormat::split, true, Shape::indirect},
                                         Variant{RingFormat::packed, false, Shape::direct},
                                         Variant{RingFormat::packed, true, Shape::direct},
                                         Variant{RingFormat::packed, false, Shape::indirect},
                                         Variant{RingFormat::packed, true, Shape::indirect}),
                         variant_name);

TEST(PackedQueue, SizeNeedNotBeAPowerOfTwo) {
    TestRam ram;
    HoldingDevice device(1);
    DriverHarness driver(ram, device, RingFormat::packed);
    driver.start(virtio::F_EVENT_IDX, 7);
    device.at_once = true;
    for (unsigned i = 0; i < 100; ++i) {
        const Gpa buffer{TestRam::third.value};
        driver.ring(0).add({{buffer, 8, true}, {buffer, 8, true}});
        driver.kick(0);
        ASSERT_TRUE(driver.ring(0).poll().has_value()) << i;
    }
    EXPECT_EQ(driver.pulse.count, 100u);
}

TEST(SplitQueue, IndirectTableMayFollowDirectDescriptors) {
    TestRam ram;
    HoldingDevice device(1);
    DriverHarness driver(ram, device);
    driver.start(virtio::F_INDIRECT_DESC);
    const Gpa buffer = ram.allocate(64);
    const Gpa table = ram.allocate(32);
    put_descriptor(ram, RingFormat::split, table, buffer.value, 8, 1 | 2, 1);
    put_descriptor(ram, RingFormat::split, Gpa{table.value + 16}, buffer.value + 8, 8, 2, 0);
    DriverRing& ring = driver.ring(0);
    put_descriptor(ram, RingFormat::split, ring.descriptor(0), buffer.value + 32, 4, 1, 5);
    put_descriptor(ram, RingFormat::split, ring.descriptor(5), table.value, 32, 4, 0);
    ram.put<Le16>(Gpa{ring.driver.value + 4}, std::uint16_t{0});
    ram.put<Le16>(Gpa{ring.driver.value + 2}, std::uint16_t{1});
    driver.write(virtio::mmio::QueueNotify, 0);
    driver.owner.run();
    ASSERT_EQ(device.held.size(), 1u);
    EXPECT_EQ(device.held[0].chain.readable_bytes(), 4u);
    EXPECT_EQ(device.held[0].chain.writable_bytes(), 16u);
}

TEST(Cursor, CopiesOverAnyCuts) {
    TestRam ram;
    HoldingDevice device(1);
    DriverHarness driver(ram, device);
    driver.start(0);
    const Gpa buffer = ram.allocate(64);
    std::array<std::uint8_t, 26> letters{};
    for (unsigned i = 0; i < letters.size(); ++i) letters[i] = static_cast<std::uint8_t>('a' + i);
    ram.put(buffer, letters);
    driver.ring(0).add({{buffer, 1, false},
                        {Gpa{buffer.value + 1}, 12, false},
                        {Gpa{buffer.value + 13}, 13, false}});
    driver.kick(0);
    ASSERT_EQ(device.held.size(), 1u);
    virtio::ChainReader reader(ram.memory, device.held[0].chain);
    std::array<char, 5> five{};
    EXPECT_EQ(reader.read(std::as_writable_bytes(std::span{five})), 5u);
    EXPECT_EQ(std::string(five.data(), 5), "abcde");
    EXPECT_EQ(reader.skip(7), 7u);
    EXPECT_EQ(*reader.read<char>(), 'm');
    std::array<HostBuffer, 1> pieces{};
    const auto taken = reader.take(100, pieces);
    EXPECT_EQ(taken.bytes, 13u);
    EXPECT_EQ(reader.remaining(), 0u);
    EXPECT_FALSE(reader.read<char>().has_value());
    EXPECT_EQ(reader.skip(1), 0u);
}

TEST(EventPassed, ComparesModulo65536) {
    EXPECT_TRUE(virtio::event_passed(5, 6, 5));
    EXPECT_FALSE(virtio::event_passed(5, 5, 4));
    EXPECT_FALSE(virtio::event_passed(4, 6, 5));
    EXPECT_TRUE(virtio::event_passed(0xffff, 0, 0xffff));
    EXPECT_TRUE(virtio::event_passed(0, 2, 0xfffe));
    EXPECT_FALSE(virtio::event_passed(2, 2, 0xfffe));
}

}  // namespace
}  // namespace lkvm::test
