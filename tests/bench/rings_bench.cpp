// SPDX-License-Identifier: GPL-2.0-or-later
// Chains per second through the device side of virtqueues of both formats, and through the whole
// block device with a disk in memory. Only the device's code is timed: the driver, which is the
// tests' own, makes a batch of chains available before and takes them back afterwards.
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/ram_disk.hpp"
#include "virtio/blk/config.hpp"
#include "virtio/blk/device.hpp"

namespace lkvm::test {
namespace {

using virtio::RingFormat;

constexpr std::uint16_t ring_size = 256;
constexpr std::uint16_t batch = 64;

/// Completes every chain at once.
class EchoDevice final : public virtio::Device {
public:
    [[nodiscard]] virtio::DeviceType type() const override { return virtio::DeviceType::block; }
    [[nodiscard]] std::uint64_t features() const override { return 0; }
    [[nodiscard]] std::span<virtio::Queue> queues() override { return {&queue_, 1}; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return ring_size; }
    void read_config(std::size_t, std::span<std::byte>) override {}
    void write_config(std::size_t, std::span<const std::byte>) override {}
    void start(std::uint64_t) override {}
    void reset() override {}
    void run(unsigned) override {
        queue_.drain([&]() -> std::span<virtio::Segment> { return segments_; },
                     [&](virtio::DescriptorChain&& chain) {
                         const std::uint32_t written = chain.writable_bytes();
                         queue_.complete(std::move(chain), written);
                     });
        queue_.notify();
    }

private:
    virtio::Queue queue_;
    std::array<virtio::Segment, 8> segments_;
};

/// Times `driver.kick()` on batches of this chain.
void time_batches(benchmark::State& state, DriverHarness& driver,
                  const std::vector<Piece>& pieces) {
    // The record of announced writes would grow without end.
    driver.ram.memory.set_write_observer(nullptr);
    DriverRing& ring = driver.ring(0);
    for (auto _ : state) {
        for (unsigned i = 0; i < batch; ++i) ring.add(pieces);
        const auto start = std::chrono::steady_clock::now();
        driver.kick(0);
        const auto end = std::chrono::steady_clock::now();
        unsigned done = 0;
        while (ring.poll().has_value()) ++done;
        if (done != batch) return state.SkipWithError("not every chain came back");
        state.SetIterationTime(std::chrono::duration<double>(end - start).count());
    }
    state.SetItemsProcessed(state.iterations() * batch);
}

void ring(benchmark::State& state, RingFormat format, unsigned descriptors) {
    TestRam ram;
    EchoDevice device;
    DriverHarness driver(ram, device, format);
    driver.start(virtio::F_EVENT_IDX, ring_size);
    std::vector<Piece> pieces;
    for (unsigned i = 0; i < descriptors; ++i) {
        pieces.push_back({ram.allocate(512), 512, i + 1 == descriptors});
    }
    time_batches(state, driver, pieces);
    if (!driver.transport.reset()) state.SkipWithError("the device did not reset");
}

void blk_read(benchmark::State& state, RingFormat format) {
    constexpr std::uint32_t length = 4096;
    TestRam ram;
    RamDisk disk(1 << 20);
    virtio::Queue queue;
    virtio::blk::RequestQueue requests;
    BlockBackend* const backend = &disk;
    virtio::blk::BlkDevice device(ram.memory, {.size = disk.bytes.size()},
                                  {{&queue, 1}, {&requests, 1}, {&backend, 1}});
    DriverHarness driver(ram, device, format);
    driver.start(virtio::F_EVENT_IDX, ring_size);
    // A header of zeroes reads from sector 0.
    const std::vector<Piece> pieces{{ram.allocate(16), 16, false},
                                    {ram.allocate(length), length, true},
                                    {ram.allocate(1), 1, true}};
    time_batches(state, driver, pieces);
    if (!driver.transport.reset()) state.SkipWithError("the device did not reset");
}

BENCHMARK_CAPTURE(ring, split_1, RingFormat::split, 1u)->UseManualTime();
BENCHMARK_CAPTURE(ring, packed_1, RingFormat::packed, 1u)->UseManualTime();
BENCHMARK_CAPTURE(ring, split_3, RingFormat::split, 3u)->UseManualTime();
BENCHMARK_CAPTURE(ring, packed_3, RingFormat::packed, 3u)->UseManualTime();
BENCHMARK_CAPTURE(blk_read, split, RingFormat::split)->UseManualTime();
BENCHMARK_CAPTURE(blk_read, packed, RingFormat::packed)->UseManualTime();

}  // namespace
}  // namespace lkvm::test

BENCHMARK_MAIN();
