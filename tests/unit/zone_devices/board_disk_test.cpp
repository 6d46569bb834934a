// SPDX-License-Identifier: GPL-2.0-or-later
// The hypervisor's drivers on the project's own devices.
#include "baremetal/driver/board_disk.hpp"

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "baremetal/device/disk_partition.hpp"
#include "baremetal/driver/board_entropy.hpp"
#include "baremetal/driver/virtio_device.hpp"
#include "tests/support/virtio/ram_disk.hpp"
#include "tests/unit/zone_devices/fakes.hpp"
#include "virtio/blk/device.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/rng/device.hpp"

namespace lkvm::hv {
namespace {

using test::TestRam;

/// The board's memory, for a driver without context.
std::byte* board_ram = nullptr;

std::uint64_t board_address(const void* pointer) {
    return TestRam::third.value +
           static_cast<std::uint64_t>(static_cast<const std::byte*>(pointer) - board_ram);
}

class Chunks final : public ChunkSource {
public:
    [[nodiscard]] Result<std::span<std::byte>> chunk(std::size_t size) override {
        const std::span<std::byte> bytes{board_ram + used, size};
        used += size;
        return bytes;
    }
    std::size_t used = 0;
};

class Registers final : public DeviceRegisters {
public:
    explicit Registers(virtio::MmioTransport& transport)
        : transport_(transport) {}
    [[nodiscard]] std::uint32_t read(std::uint64_t offset) override {
        return static_cast<std::uint32_t>(transport_.read(offset, 4));
    }
    void write(std::uint64_t offset, std::uint32_t value) override {
        transport_.write(offset, 4, value);
        if (offset == virtio::mmio::QueueDeviceLow) device_area = value;
    }
    std::uint64_t device_area = 0;

private:
    virtio::MmioTransport& transport_;
};

/// Serves a kick at once.
class PromptOwner final : public virtio::QueueOwner {
public:
    void kick(unsigned queue) override {
        pending |= 1u << queue;
        if (held || std::exchange(busy, true)) return;
        while (std::exchange(pending, 0) != 0) transport->run(queue);
        busy = false;
    }
    void wait(const virtio::WaitCondition&) override {}
    void progress() override {}

    virtio::MmioTransport* transport = nullptr;
    unsigned pending = 0;
    bool held = false;  ///< the device does nothing for now
    bool busy = false;
};

class Board {
public:
    Board() { board_ram = ram.memory.slice(TestRam::third, TestRam::third_size).value().data(); }
    virtio::MmioTransport& attach(virtio::Device& device) {
        transport = std::make_unique<virtio::MmioTransport>(
            device, virtio::TransportServices{ram.memory, pulse, owner, log}, "board",
            virtio::RingFormat::split);
        owner.transport = transport.get();
        return *transport;
    }
    std::span<std::byte> memory(std::size_t size) { return arena.bytes(size, 16).value(); }

    TestRam ram;
    Chunks chunks;
    Arena arena{chunks};
    test::RecordingPulse pulse;
    test::RecordingLog log;
    PromptOwner owner;
    std::unique_ptr<virtio::MmioTransport> transport;
};

BlockProperties properties() {
    BlockProperties result;
    result.size = 1 << 20;
    return result;
}

class Completions final : public BlockCompletion {
public:
    void complete(BlockRequest& request, BlockStatus status) override {
        done.push_back(&request);
        statuses.push_back(status);
    }
    void end_of_completions() override {}

    std::vector<BlockRequest*> done;
    std::vector<BlockStatus> statuses;
};

class BoardDiskTest : public ::testing::Test {
protected:
    static constexpr std::uint64_t first = 100;
    static constexpr std::uint64_t count = 200;

    BoardDiskTest()
        : device(board.ram.memory, properties(), {{&queue, 1}, {requests.get(), 1}, {&backend, 1}})
        , registers(board.attach(device)) {
        EXPECT_TRUE(disk.create(registers, board.arena, board_address).has_value());
        runner.connect(*board.transport, &part);
        part.connect(disk, first, count, runner);
        buffer = board.memory(0x4000);
    }
    ~BoardDiskTest() override { EXPECT_TRUE(board.transport->reset()); }

    BlockRequest request(BlockOperation operation, std::uint64_t offset, std::uint64_t length) {
        BlockRequest result;
        result.operation = operation;
        result.offset = offset;
        result.length = length;
        pieces[0] = {buffer.data(), 512};
        pieces[1] = {buffer.data() + 512, length - 512};
        result.buffers = std::span{pieces}.first(length == 512 ? 1 : 2);
        return result;
    }
    void serve() {
        for (unsigned i = 0; i < 100 && runner.serve(); ++i) {
        }
    }

    Board board;
    test::RamDisk image{1 << 20};
    BlockBackend* backend = &image;
    virtio::Queue queue;
    std::unique_ptr<virtio::blk::RequestQueue[]> requests =
        std::make_unique<virtio::blk::RequestQueue[]>(1);
    virtio::blk::BlkDevice device;
    Registers registers;
    BoardDisk disk;
    ManualClock clock;
    CountingDoorbell doorbell;
    QueueRunner runner{clock, doorbell, 0};
    DiskPartition part;
    Completions completions;
    std::span<std::byte> buffer;
    std::array<HostBuffer, 2> pieces{};
};

TEST_F(BoardDiskTest, LearnsSizeFromTheDevice) {
    EXPECT_EQ(disk.sectors(), (1u << 20) / 512);
    EXPECT_FALSE(disk.read_only());
}

TEST_F(BoardDiskTest, ReadsAndWritesWhereThePartBegins) {
    std::memset(buffer.data(), 0x11, 512);
    std::memset(buffer.data() + 512, 0x22, 1024);
    BlockRequest write = request(BlockOperation::write, 512, 1536);
    part.submit(write, completions);
    serve();
    ASSERT_EQ(completions.statuses, std::vector{BlockStatus::ok});
    const std::byte* const at = image.bytes.data() + (first + 1) * 512;
    EXPECT_EQ(at[-1], std::byte{0});
    EXPECT_EQ(at[0], std::byte{0x11});
    EXPECT_EQ(at[512], std::byte{0x22});
    EXPECT_EQ(at[1535], std::byte{0x22});
    EXPECT_EQ(at[1536], std::byte{0});
    std::memset(buffer.data(), 0, 2048);
    BlockRequest read = request(BlockOperation::read, 1024, 1024);
    part.submit(read, completions);
    serve();
    EXPECT_EQ(buffer[0], std::byte{0x22});
    EXPECT_EQ(buffer[1023], std::byte{0x22});
    EXPECT_EQ(buffer[1024], std::byte{0});
}

TEST_F(BoardDiskTest, AsksForNothingOutsideThePart) {
    for (const auto& [offset, length] : {std::pair{count * 512 - 512, std::uint64_t{1024}},
                                         {count * 512, std::uint64_t{512}},
                                         {UINT64_MAX - 511, std::uint64_t{512}}}) {
        BlockRequest read = request(BlockOperation::read, offset, length);
        part.submit(read, completions);
        serve();
    }
    EXPECT_EQ(completions.statuses, std::vector(3, BlockStatus::io_error));
    EXPECT_TRUE(image.submitted.empty());
    BlockRequest last = request(BlockOperation::read, count * 512 - 512, 512);
    part.submit(last, completions);
    serve();
    EXPECT_EQ(completions.statuses.back(), BlockStatus::ok);
}

TEST_F(BoardDiskTest, FollowsADurableWriteByAFlush) {
    BlockRequest write = request(BlockOperation::write, 0, 512);
    write.durable = true;
    part.submit(write, completions);
    serve();
    EXPECT_EQ(completions.statuses, std::vector{BlockStatus::ok});
    EXPECT_EQ(image.submitted, (std::vector{BlockOperation::write, BlockOperation::flush}));
}

TEST_F(BoardDiskTest, PassesOnErrorsAndWhatIsNotSupported) {
    image.answer = BlockStatus::io_error;
    BlockRequest read = request(BlockOperation::read, 0, 512);
    part.submit(read, completions);
    BlockRequest zeroes = request(BlockOperation::write_zeroes, 0, 512);
    part.submit(zeroes, completions);
    serve();
    EXPECT_EQ(completions.done, (std::vector{&zeroes, &read}));
    EXPECT_EQ(completions.statuses,
              (std::vector{BlockStatus::not_supported, BlockStatus::io_error}));
}

TEST_F(BoardDiskTest, KeepsRequestsThatTheDiskHasNoRoomFor) {
    board.owner.held = true;
    std::vector<BlockRequest> many(Virtqueue::size + 10, request(BlockOperation::read, 0, 512));
    for (BlockRequest& one : many) part.submit(one, completions);
    EXPECT_TRUE(runner.serve());  // nothing is done, so it asks again
    EXPECT_TRUE(completions.done.empty());
    board.owner.held = false;
    board.owner.kick(0);
    serve();
    ASSERT_EQ(completions.done.size(), many.size());
    for (std::size_t i = 0; i < many.size(); ++i) EXPECT_EQ(completions.done[i], &many[i]);
}

TEST_F(BoardDiskTest, EndsEverythingWhenTheDiskAnswersNonsense) {
    board.owner.held = true;
    BlockRequest one = request(BlockOperation::read, 0, 512);
    BlockRequest two = request(BlockOperation::read, 512, 512);
    part.submit(one, completions);
    part.submit(two, completions);
    // A used entry for a slot that is not under way.
    const std::uint64_t used = registers.device_area;
    const Gpa index{used + 2};
    ASSERT_TRUE(board.ram.memory.write(Gpa{used + 4}, Le32{77}).has_value());
    ASSERT_TRUE(board.ram.memory.write(index, Le16{1}).has_value());
    serve();
    EXPECT_EQ(completions.statuses, std::vector(2, BlockStatus::io_error));
    BlockRequest three = request(BlockOperation::read, 0, 512);
    part.submit(three, completions);
    serve();
    EXPECT_EQ(completions.statuses.size(), 3U);
    EXPECT_EQ(completions.statuses.back(), BlockStatus::io_error);
    board.owner.held = false;
}

TEST(BoardEntropy, GivesWhatTheDeviceGives) {
    struct Source final : EntropySource {
        [[nodiscard]] std::size_t fill(std::span<std::byte> to) override {
            std::memset(to.data(), 0x77, 20);
            return 20;
        }
    } source;
    Board board;
    virtio::rng::RngDevice device(board.ram.memory, source);
    Registers registers(board.attach(device));
    EXPECT_EQ(probe_virtio(registers), 4U);
    const std::span<std::byte> to = board.memory(64);
    const auto count = read_board_entropy(registers, board.arena, board_address, to);
    ASSERT_TRUE(count.has_value());
    EXPECT_EQ(count.value(), 20U);
    EXPECT_EQ(to[19], std::byte{0x77});
    EXPECT_EQ(to[20], std::byte{0});
    EXPECT_EQ(registers.read(virtio::mmio::Status), 0U);
}

}  // namespace
}  // namespace lkvm::hv
