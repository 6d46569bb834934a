// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/blk/device.hpp"

#include <cstring>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/ram_disk.hpp"
#include "virtio/blk/config.hpp"
#include "virtio/mmio_registers.hpp"

namespace lkvm::test {
namespace {

namespace blk = virtio::blk;
using virtio::RingFormat;

constexpr std::size_t disk_size = 1 << 20;
constexpr std::uint8_t ok = 0;
constexpr std::uint8_t io_error = 1;
constexpr std::uint8_t unsupported = 2;

BlockProperties disk_properties() {
    BlockProperties properties;
    properties.size = disk_size;
    properties.discard = true;
    properties.physical_block_size = 4096;
    std::memcpy(properties.serial.data(), "serial-01", 9);
    return properties;
}

class BlkTest : public testing::TestWithParam<RingFormat> {
protected:
    explicit BlkTest(const BlockProperties& properties = disk_properties(), std::size_t count = 1)
        : queues(std::make_unique<virtio::Queue[]>(count))
        , request_queues(std::make_unique<blk::RequestQueue[]>(count))
        , device(ram.memory, properties,
                 {{queues.get(), count},
                  {request_queues.get(), count},
                  std::vector<BlockBackend*>(count, &disk)})
        , driver(ram, device, GetParam()) {}
    ~BlkTest() override {
        disk.finish();
        EXPECT_TRUE(driver.transport.reset());
    }

    void start(std::uint64_t features = blk::F_FLUSH | blk::F_DISCARD | blk::F_WRITE_ZEROES) {
        driver.start(features | virtio::F_INDIRECT_DESC | virtio::F_EVENT_IDX, 64);
    }

    /// Offers a request; the status byte is 0xaa until the device writes it.
    struct Offer {
        Gpa header;
        Gpa data;
        Gpa status;
        std::uint16_t id = 0;
    };
    Offer offer(blk::RequestType type, std::uint64_t sector, std::uint32_t length, bool writable) {
        Offer made{ram.allocate(16), ram.allocate(length + 1), ram.allocate(1), 0};
        ram.put(made.header, blk::RequestHeader{static_cast<std::uint32_t>(type), 0u, sector});
        ram.put<std::uint8_t>(made.status, 0xaa);
        std::vector<Piece> pieces{{made.header, 16, false}};
        if (length != 0) pieces.push_back({made.data, length, writable});
        pieces.push_back({made.status, 1, true});
        made.id = driver.ring(0).add(pieces);
        return made;
    }
    /// The whole way of one request; returns its status.
    std::uint8_t request(const Offer& made) {
        driver.kick(0);
        const auto used = driver.ring(0).poll();
        EXPECT_TRUE(used.has_value());
        if (used.has_value()) EXPECT_EQ(used->id, made.id);
        last_length = used.has_value() ? used->length : 0;
        return ram.get<std::uint8_t>(made.status);
    }
    std::uint8_t request(blk::RequestType type, std::uint64_t sector, std::uint32_t length,
                         bool writable) {
        last = offer(type, sector, length, writable);
        return request(last);
    }
    std::uint8_t ranges(blk::RequestType type, const std::vector<blk::Range>& list) {
        const auto bytes = static_cast<std::uint32_t>(list.size() * sizeof(blk::Range));
        last = offer(type, 0, bytes, false);
        ram.put_bytes(last.data, std::as_bytes(std::span{list}));
        return request(last);
    }

    TestRam ram;
    RamDisk disk{disk_size};
    std::unique_ptr<virtio::Queue[]> queues;
    std::unique_ptr<blk::RequestQueue[]> request_queues;
    blk::BlkDevice device;
    DriverHarness driver;
    Offer last;
    std::uint32_t last_length = 0;
};

TEST_P(BlkTest, ClearsWhatAFailedReadLeavesInPieces) {
    start();
    constexpr std::uint32_t length = 512 * 200;
    const Offer read = offer(blk::RequestType::in, disk_size / 512, length, true);
    ram.put_bytes(read.data, std::vector<std::byte>(length, std::byte{0xff}));
    driver.transport.run(0);
    EXPECT_EQ(ram.get<std::uint8_t>(read.status), 0xaa);
    EXPECT_TRUE(driver.owner.kicked.contains(0));
    EXPECT_EQ(request(read), io_error);
    EXPECT_EQ(last_length, length + 1);
    for (std::uint32_t i = 0; i < length; ++i) {
        ASSERT_EQ(ram.get<std::uint8_t>(Gpa{read.data.value + i}), 0) << i;
    }
}

TEST_P(BlkTest, ResetEndsClearing) {
    start();
    offer(blk::RequestType::in, disk_size / 512, 512 * 200, true);
    driver.transport.run(0);
    EXPECT_TRUE(driver.transport.reset());
    EXPECT_FALSE(driver.ring(0).poll().has_value());
}

TEST_P(BlkTest, ReadsWhatWasWritten) {
    start();
    const Offer write = offer(blk::RequestType::out, 7, 1024, false);
    std::vector<std::byte> pattern(1024);
    for (std::size_t i = 0; i < pattern.size(); ++i) pattern[i] = static_cast<std::byte>(i * 7);
    ram.put_bytes(write.data, pattern);
    EXPECT_EQ(request(write), ok);
    EXPECT_EQ(last_length, 1u);
    EXPECT_EQ(std::memcmp(disk.bytes.data() + 7 * 512, pattern.data(), 1024), 0);
    EXPECT_EQ(request(blk::RequestType::in, 7, 1024, true), ok);
    EXPECT_EQ(last_length, 1025u);
    EXPECT_EQ(ram.bytes(last.data, 1024), pattern);
    EXPECT_TRUE(ram.observer.covers(last.data, 1024));
    EXPECT_TRUE(ram.observer.covers(last.status, 1));
}

TEST_P(BlkTest, AnyCuttingIntoDescriptorsIsFine) {
    start();
    const Gpa where = ram.allocate(16 + 512 + 1);
    ram.put(where, blk::RequestHeader{static_cast<std::uint32_t>(blk::RequestType::out), 0u, 3u});
    std::vector<std::byte> pattern(512, std::byte{0x5a});
    ram.put_bytes(Gpa{where.value + 16}, pattern);
    driver.ring(0).add({{where, 5, false},
                        {Gpa{where.value + 5}, 12, false},
                        {Gpa{where.value + 17}, 511, false},
                        {Gpa{where.value + 528}, 1, true}});
    driver.kick(0);
    EXPECT_EQ(driver.ring(0).poll()->length, 1u);
    EXPECT_EQ(ram.get<std::uint8_t>(Gpa{where.value + 528}), ok);
    EXPECT_EQ(std::memcmp(disk.bytes.data() + 3 * 512, pattern.data(), 512), 0);
    // Data and status in one descriptor.
    const Gpa header = ram.allocate(16);
    ram.put(header, blk::RequestHeader{static_cast<std::uint32_t>(blk::RequestType::in), 0u, 3u});
    const Gpa both = ram.allocate(513);
    driver.ring(0).add({{header, 16, false}, {both, 513, true}});
    driver.kick(0);
    EXPECT_EQ(driver.ring(0).poll()->length, 513u);
    EXPECT_EQ(ram.bytes(both, 512), pattern);
    EXPECT_EQ(ram.get<std::uint8_t>(Gpa{both.value + 512}), ok);
}

TEST_P(BlkTest, LastSectorIsReachableAndNothingBehindIt) {
    start();
    constexpr std::uint64_t end = disk_size / 512;
    EXPECT_EQ(request(blk::RequestType::in, end - 1, 512, true), ok);
    EXPECT_EQ(request(blk::RequestType::in, end - 1, 1024, true), io_error);
    EXPECT_EQ(request(blk::RequestType::in, end, 512, true), io_error);
    EXPECT_EQ(request(blk::RequestType::out, end, 512, false), io_error);
    EXPECT_EQ(request(blk::RequestType::in, UINT64_MAX, 512, true), io_error);
    EXPECT_EQ(request(blk::RequestType::in, UINT64_MAX / 512, 512, true), io_error);
    EXPECT_EQ(request(blk::RequestType::in, std::uint64_t{1} << 55, 512, true), io_error);
    EXPECT_FALSE(driver.broken());
    EXPECT_EQ(request(blk::RequestType::in, 0, 512, true), ok) << "goes on";
}

TEST_P(BlkTest, OddLengthsAreErrors) {
    start();
    for (const std::uint32_t length : {1u, 511u, 513u, 1000u}) {
        EXPECT_EQ(request(blk::RequestType::in, 0, length, true), io_error) << length;
        EXPECT_EQ(request(blk::RequestType::out, 0, length, false), io_error) << length;
    }
    EXPECT_TRUE(disk.submitted.empty());
}

TEST_P(BlkTest, EmptyTransfersSucceed) {
    start();
    EXPECT_EQ(request(blk::RequestType::in, 0, 0, true), ok);
    EXPECT_EQ(request(blk::RequestType::out, 0, 0, false), ok);
    EXPECT_TRUE(disk.submitted.empty());
}

TEST_P(BlkTest, FailedReadLeavesZeroesNotOldData) {
    start();
    disk.answer = BlockStatus::io_error;
    const Offer read = offer(blk::RequestType::in, 0, 512, true);
    ram.put_bytes(read.data, std::vector<std::byte>(512, std::byte{0x77}));
    EXPECT_EQ(request(read), io_error);
    EXPECT_EQ(last_length, 513u);
    EXPECT_EQ(ram.bytes(read.data, 512), std::vector<std::byte>(512));
    EXPECT_EQ(request(blk::RequestType::flush, 0, 0, false), io_error);
}

TEST_P(BlkTest, FlushReachesTheBackEnd) {
    start();
    EXPECT_EQ(request(blk::RequestType::flush, 0, 0, false), ok);
    ASSERT_EQ(disk.submitted.size(), 1u);
    EXPECT_EQ(disk.submitted[0], BlockOperation::flush);
}

TEST_P(BlkTest, IdentifiesWithItsSerial) {
    start();
    EXPECT_EQ(request(blk::RequestType::get_id, 0, 20, true), ok);
    const auto bytes = ram.bytes(last.data, 20);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data())), "serial-01");
    EXPECT_EQ(request(blk::RequestType::get_id, 0, 4, true), ok) << "as much as fits";
    EXPECT_EQ(last_length, 5u);
    EXPECT_EQ(request(blk::RequestType::get_id, 0, 100, true), ok);
    EXPECT_EQ(last_length, 101u);
}

TEST_P(BlkTest, UnknownTypesAreUnsupported) {
    start();
    for (const std::uint32_t type : {2u, 3u, 5u, 9u, 10u, 12u, 14u, 16u, 0x80000000u}) {
        EXPECT_EQ(request(static_cast<blk::RequestType>(type), 0, 512, true), unsupported) << type;
        EXPECT_EQ(last_length, 513u);
    }
}

TEST_P(BlkTest, ShortHeaderIsAnError) {
    start();
    const Gpa where = ram.allocate(16);
    const Gpa status = ram.allocate(1);
    driver.ring(0).add({{where, 15, false}, {status, 1, true}});
    driver.kick(0);
    EXPECT_EQ(driver.ring(0).poll()->length, 1u);
    EXPECT_EQ(ram.get<std::uint8_t>(status), io_error);
    EXPECT_FALSE(driver.broken());
}

TEST_P(BlkTest, RequestWithoutStatusByteNeedsAReset) {
    start();
    driver.ring(0).add({{ram.allocate(16), 16, false}});
    driver.kick(0);
    EXPECT_TRUE(driver.broken());
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    start();
    EXPECT_EQ(request(blk::RequestType::in, 0, 512, true), ok);
}

TEST_P(BlkTest, DiscardAndZeroesTakeSeveralRanges) {
    start();
    std::fill(disk.bytes.begin(), disk.bytes.end(), std::byte{1});
    EXPECT_EQ(ranges(blk::RequestType::discard, {{0u, 8u, 0u}, {16u, 8u, 0u}, {4u, 0u, 0u}}), ok);
    EXPECT_EQ(disk.bytes[0], std::byte{0});
    EXPECT_EQ(disk.bytes[8 * 512], std::byte{1});
    EXPECT_EQ(disk.bytes[16 * 512], std::byte{0});
    EXPECT_EQ(disk.submitted.size(), 2u) << "the empty range needs nobody";
    EXPECT_EQ(ranges(blk::RequestType::write_zeroes, {{100u, 1u, 1u}}), ok);
    EXPECT_TRUE(disk.last.may_unmap);
    EXPECT_EQ(ranges(blk::RequestType::write_zeroes, {{101u, 1u, 0u}}), ok);
    EXPECT_FALSE(disk.last.may_unmap);
    EXPECT_EQ(disk.bytes[101 * 512], std::byte{0});
}

TEST_P(BlkTest, BadRangesAreErrors) {
    start();
    constexpr std::uint32_t end = disk_size / 512;
    EXPECT_EQ(ranges(blk::RequestType::discard, {{end, 1u, 0u}}), io_error);
    EXPECT_EQ(ranges(blk::RequestType::discard, {{0u, end + 1, 0u}}), io_error);
    EXPECT_EQ(ranges(blk::RequestType::discard, {{UINT64_MAX, UINT32_MAX, 0u}}), io_error);
    EXPECT_EQ(ranges(blk::RequestType::discard, {{0u, 1u, 1u}}), unsupported) << "unmap";
    EXPECT_EQ(ranges(blk::RequestType::write_zeroes, {{0u, 1u, 2u}}), unsupported) << "flag";
    EXPECT_EQ(ranges(blk::RequestType::write_zeroes, {{0u, 1u, 0u}, {end, 1u, 0u}}), io_error);
    EXPECT_EQ(request(blk::RequestType::discard, 0, 0, false), io_error);
    EXPECT_EQ(request(blk::RequestType::discard, 0, 15, false), io_error);
    EXPECT_EQ(request(blk::RequestType::discard, 0, 17, false), io_error);
    EXPECT_EQ(ranges(blk::RequestType::discard,
                     std::vector<blk::Range>(blk::max_ranges + 1, {0u, 1u, 0u})),
              io_error);
    EXPECT_EQ(
        ranges(blk::RequestType::discard, std::vector<blk::Range>(blk::max_ranges, {0u, 1u, 0u})),
        ok);
}

TEST_P(BlkTest, RangesGoOnAfterLateCompletions) {
    start();
    disk.later = true;
    last = offer(blk::RequestType::write_zeroes, 0, 32, false);
    ram.put(last.data, blk::Range{0u, 1u, 0u});
    ram.put(Gpa{last.data.value + 16}, blk::Range{9u, 1u, 0u});
    driver.kick(0);
    EXPECT_EQ(disk.waiting.size(), 1u);
    disk.finish(1);
    EXPECT_EQ(disk.waiting.size(), 1u);
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    disk.finish(1);
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    EXPECT_EQ(ram.get<std::uint8_t>(last.status), ok);
}

TEST_P(BlkTest, LateCompletionsInterruptOncePerBatch) {
    start();
    disk.later = true;
    for (unsigned i = 0; i < 5; ++i) offer(blk::RequestType::in, i, 512, true);
    driver.kick(0);
    EXPECT_EQ(disk.waiting.size(), 5u);
    EXPECT_EQ(driver.pulse.count, 0u);
    disk.finish();
    EXPECT_EQ(driver.pulse.count, 1u);
    for (unsigned i = 0; i < 5; ++i) EXPECT_EQ(driver.ring(0).poll()->length, 513u);
}

TEST_P(BlkTest, MoreRequestsThanSlotsAreServedInTheEnd) {
    driver.start(virtio::F_INDIRECT_DESC, blk::queue_size);
    disk.later = true;
    // Indirect, so that a chain is one entry; the same data for all.
    const Gpa header = ram.allocate(16);
    ram.put(header, blk::RequestHeader{0u, 0u, 0u});
    const Gpa data = ram.allocate(512);
    const Gpa status = ram.allocate(1);
    const auto add = [&] {
        driver.ring(0).add({{header, 16, false}, {data, 512, true}, {status, 1, true}},
                           Shape::indirect);
    };
    for (unsigned i = 0; i < blk::queue_size; ++i) add();
    driver.kick(0);
    EXPECT_EQ(disk.waiting.size(), blk::queue_size);
    disk.finish(1);
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    add();
    driver.write(virtio::mmio::QueueNotify, 0);
    driver.owner.run();
    EXPECT_EQ(disk.waiting.size(), blk::queue_size);
    disk.finish();
    disk.finish();
    for (unsigned i = 0; i < blk::queue_size; ++i) {
        EXPECT_TRUE(driver.ring(0).poll().has_value()) << i;
    }
}

TEST_P(BlkTest, WhatEndsWithItsBatchMakesRoomAndInterruptsOnce) {
    driver.start(virtio::F_INDIRECT_DESC, blk::queue_size);
    disk.later = true;
    disk.at_end_of_batch = true;
    const Gpa header = ram.allocate(16);
    ram.put(header, blk::RequestHeader{0u, 0u, 0u});
    const Gpa data = ram.allocate(512);
    const Gpa status = ram.allocate(1);
    // As many as there are slots, so that the device stops taking; it must look again.
    for (const unsigned count : {unsigned{blk::queue_size}, 1u}) {
        const unsigned before = driver.pulse.count;
        for (unsigned i = 0; i < count; ++i) {
            driver.ring(0).add({{header, 16, false}, {data, 512, true}, {status, 1, true}},
                               Shape::indirect);
        }
        driver.kick(0);
        EXPECT_EQ(driver.pulse.count, before + 1);
        for (unsigned i = 0; i < count; ++i) {
            EXPECT_TRUE(driver.ring(0).poll().has_value()) << i;
        }
    }
}

TEST_P(BlkTest, ResetWaitsForTheBackEnd) {
    start();
    disk.later = true;
    offer(blk::RequestType::in, 0, 512, true);
    driver.kick(0);
    driver.write(virtio::mmio::Status, 0);
    EXPECT_NE(driver.status(), 0u);
    disk.finish();
    driver.owner.run();
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    start();
    disk.later = false;
    EXPECT_EQ(request(blk::RequestType::in, 0, 512, true), ok);
}

TEST_P(BlkTest, WritesAreDurableForADriverThatCannotFlush) {
    start(0);
    EXPECT_EQ(request(blk::RequestType::out, 0, 512, false), ok);
    EXPECT_TRUE(disk.last.durable);
    start(blk::F_FLUSH);
    EXPECT_EQ(request(blk::RequestType::out, 0, 512, false), ok);
    EXPECT_FALSE(disk.last.durable);
}

TEST_P(BlkTest, CacheModeCanBeChosen) {
    start(blk::F_FLUSH | blk::F_CONFIG_WCE);
    constexpr std::uint64_t field = virtio::mmio::Config + offsetof(blk::Config, writeback);
    EXPECT_EQ(driver.transport.read(field, 1), 1u);
    driver.transport.write(field, 1, 0);
    EXPECT_EQ(driver.transport.read(field, 1), 0u);
    EXPECT_EQ(request(blk::RequestType::out, 0, 512, false), ok);
    EXPECT_TRUE(disk.last.durable);
    driver.transport.write(field - 1, 2, 0xffff);
    EXPECT_EQ(driver.transport.read(field, 1), 0u) << "only that field";
    start(blk::F_FLUSH);
    driver.transport.write(field, 1, 0);
    EXPECT_EQ(driver.transport.read(field, 1), 1u) << "only with the feature";
}

TEST_P(BlkTest, ConfigurationSpaceDescribesTheDisk) {
    const auto field = [&](std::size_t offset, unsigned size) {
        return driver.transport.read(virtio::mmio::Config + offset, size);
    };
    EXPECT_EQ(field(offsetof(blk::Config, capacity), 8), disk_size / 512);
    EXPECT_EQ(field(offsetof(blk::Config, seg_max), 4), 126u);
    EXPECT_EQ(field(offsetof(blk::Config, blk_size), 4), 512u);
    EXPECT_EQ(field(offsetof(blk::Config, physical_block_exp), 1), 3u);
    EXPECT_EQ(field(offsetof(blk::Config, num_queues), 2), 1u);
    EXPECT_EQ(field(offsetof(blk::Config, max_discard_seg), 4), blk::max_ranges);
    EXPECT_EQ(field(offsetof(blk::Config, write_zeroes_may_unmap), 1), 1u);
}

class ReadOnlyBlkTest : public BlkTest {
protected:
    static BlockProperties properties() {
        BlockProperties result = disk_properties();
        result.read_only = true;
        return result;
    }
    ReadOnlyBlkTest()
        : BlkTest(properties()) {}
};

TEST_P(ReadOnlyBlkTest, RefusesEverythingThatWrites) {
    EXPECT_NE(driver.offered() & blk::F_RO, 0u);
    EXPECT_EQ(driver.offered() & (blk::F_DISCARD | blk::F_WRITE_ZEROES | blk::F_FLUSH), 0u);
    start(blk::F_RO);
    EXPECT_EQ(request(blk::RequestType::in, 0, 512, true), ok);
    EXPECT_EQ(request(blk::RequestType::out, 0, 512, false), io_error);
    EXPECT_EQ(ranges(blk::RequestType::discard, {{0u, 1u, 0u}}), io_error);
    EXPECT_EQ(ranges(blk::RequestType::write_zeroes, {{0u, 1u, 0u}}), io_error);
    EXPECT_EQ(disk.submitted.size(), 1u);
}

class MultiQueueBlkTest : public BlkTest {
protected:
    MultiQueueBlkTest()
        : BlkTest(disk_properties(), 4) {}
};

TEST_P(MultiQueueBlkTest, EveryQueueWorks) {
    start(blk::F_MQ);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + offsetof(blk::Config, num_queues), 2),
              4u);
    for (unsigned queue = 0; queue < 4; ++queue) {
        const Gpa header = ram.allocate(16);
        ram.put(header, blk::RequestHeader{1u, 0u, queue});
        const Gpa data = ram.allocate(512);
        ram.put<std::uint8_t>(data, static_cast<std::uint8_t>(queue + 1));
        const Gpa status = ram.allocate(1);
        driver.ring(queue).add({{header, 16, false}, {data, 512, false}, {status, 1, true}});
        driver.kick(queue);
        EXPECT_TRUE(driver.ring(queue).poll().has_value());
        EXPECT_EQ(disk.bytes[512u * queue], static_cast<std::byte>(queue + 1));
    }
}

std::string format_name(const testing::TestParamInfo<RingFormat>& info) {
    return info.param == RingFormat::split ? "Split" : "Packed";
}

const auto both = testing::Values(RingFormat::split, RingFormat::packed);
INSTANTIATE_TEST_SUITE_P(All, BlkTest, both, format_name);
INSTANTIATE_TEST_SUITE_P(All, ReadOnlyBlkTest, both, format_name);
INSTANTIATE_TEST_SUITE_P(All, MultiQueueBlkTest, both, format_name);

}  // namespace
}  // namespace lkvm::test
