// SPDX-License-Identifier: GPL-2.0-or-later
// The disk in memory behind the real block device, its queue run by QueueRunner.
#include "baremetal/device/ram_disk.hpp"

#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/zone_devices/fakes.hpp"

namespace lkvm::hv {
namespace {

class Completions final : public BlockCompletion {
public:
    void complete(BlockRequest& request, BlockStatus status) override {
        done.push_back(&request);
        ok = ok && status == BlockStatus::ok;
    }
    void end_of_completions() override { ++ends; }

    std::vector<BlockRequest*> done;
    unsigned ends = 0;
    bool ok = true;
};

class RamDiskTest : public ::testing::Test {
protected:
    RamDiskTest() {
        runner.connect(transport, &disk);
        disk.connect(bytes, runner);
    }
    BlockRequest request(BlockOperation operation, std::uint64_t offset, std::uint64_t length) {
        BlockRequest result;
        result.operation = operation;
        result.offset = offset;
        result.length = length;
        return result;
    }

    std::vector<std::byte> bytes = std::vector<std::byte>(4 << 20);
    ManualClock clock;
    CountingDoorbell doorbell;
    IdleDevice device;
    test::TestRam ram;
    test::RecordingPulse pulse;
    test::RecordingLog log;
    QueueRunner runner{clock, doorbell, 0};
    virtio::MmioTransport transport{
        device, {ram.memory, pulse, runner, log}, "idle", virtio::RingFormat::split};
    RamDisk disk;
    Completions completions;
};

TEST_F(RamDiskTest, MovesBytesBothWaysAcrossBuffers) {
    std::vector<std::byte> data(1024);
    for (std::size_t i = 0; i < data.size(); ++i)
        data[i] = std::byte{static_cast<std::uint8_t>(i * 7)};
    const HostBuffer pieces[] = {
        {data.data(), 1}, {data.data() + 1, 700}, {data.data() + 701, 323}};
    BlockRequest write = request(BlockOperation::write, 512, 1024);
    write.buffers = pieces;
    disk.submit(write, completions);
    EXPECT_EQ(completions.done.size(), 1U);
    EXPECT_EQ(std::memcmp(bytes.data() + 512, data.data(), 1024), 0);
    std::vector<std::byte> back(1024);
    const HostBuffer whole{back.data(), 1024};
    BlockRequest read = request(BlockOperation::read, 512, 1024);
    read.buffers = {&whole, 1};
    disk.submit(read, completions);
    EXPECT_EQ(back, data);
    EXPECT_EQ(bytes[511], std::byte{0});
    EXPECT_EQ(bytes[512 + 1024], std::byte{0});
}

TEST_F(RamDiskTest, DoesALongRequestInPiecesAndKeepsTheOrder) {
    std::memset(bytes.data(), 0x5a, bytes.size());
    constexpr std::uint64_t length = 2 * RamDisk::piece_size + 512;
    std::vector<std::byte> back(length);
    const HostBuffer pieces[] = {{back.data(), 100}, {back.data() + 100, length - 100}};
    BlockRequest read = request(BlockOperation::read, 0, length);
    read.buffers = pieces;
    disk.submit(read, completions);
    EXPECT_TRUE(completions.done.empty());
    BlockRequest zero = request(BlockOperation::write_zeroes, 0, 512);
    disk.submit(zero, completions);
    BlockRequest flush = request(BlockOperation::flush, 0, 0);
    disk.submit(flush, completions);
    EXPECT_TRUE(completions.done.empty());
    EXPECT_GE(doorbell.rung, 1U);
    unsigned calls = 0;
    while (runner.serve()) ASSERT_LT(++calls, 20U);
    EXPECT_EQ(completions.done, (std::vector<BlockRequest*>{&read, &zero, &flush}));
    EXPECT_TRUE(completions.ok);
    for (const std::byte byte : back) ASSERT_EQ(byte, std::byte{0x5a});
    EXPECT_EQ(bytes[511], std::byte{0});
    EXPECT_EQ(bytes[512], std::byte{0x5a});
}

TEST_F(RamDiskTest, FlushesAtOnceWhenNothingWaits) {
    BlockRequest flush = request(BlockOperation::flush, 0, 0);
    disk.submit(flush, completions);
    EXPECT_EQ(completions.done.size(), 1U);
}

}  // namespace
}  // namespace lkvm::hv
