// SPDX-License-Identifier: GPL-2.0-or-later
// Kicks that come as an eventfd's count instead of a register write.
#include "vmm/devices/loop_owner.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "tests/support/test_ram.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"
#include "vmm/host/unique_fd.hpp"

#include <sys/eventfd.h>

namespace lkvm::test {
namespace {

namespace mmio = virtio::mmio;
namespace status = virtio::status;
using namespace std::chrono_literals;

class CountingDevice final : public virtio::Device {
public:
    [[nodiscard]] virtio::DeviceType type() const override { return virtio::DeviceType::entropy; }
    [[nodiscard]] std::uint64_t features() const override { return 0; }
    [[nodiscard]] std::span<virtio::Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return 16; }
    void read_config(std::size_t, std::span<std::byte> out) override {
        virtio::copy_config({}, 0, out);
    }
    void run(unsigned queue) override { ++runs[queue]; }

    std::array<std::atomic<unsigned>, 2> runs{};

private:
    std::array<virtio::Queue, 2> queues_;
};

class NoInterrupt final : public IrqPulse {
public:
    void signal() override {}
};

class NoLog final : public Log {
public:
    void line(LogLevel, std::string_view, std::string_view, std::uint64_t) override {}
};

/// A device with two queues on one loop, and a doorbell for each.
class Doorbell : public ::testing::Test {
protected:
    Doorbell() {
        const std::array<EventLoop*, 2> loops{&loop, &loop};
        owner.connect(transport, loops);
        for (unsigned queue = 0; queue < 2; ++queue) {
            bells[queue] = vmm::UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
            owner.add_doorbell(queue, bells[queue].value());
        }
        loop.start();
    }
    ~Doorbell() override { loop.stop(); }

    void write(std::uint64_t reg, std::uint32_t value) { transport.write(reg, 4, value); }
    void start_driver() {
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
        write(mmio::DriverFeaturesSel, 1);
        write(mmio::DriverFeatures, 1);  // VERSION_1
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
        for (unsigned queue = 0; queue < 2; ++queue) {
            write(mmio::QueueSel, queue);
            write(mmio::QueueNum, 16);
            write(mmio::QueueDescLow, static_cast<std::uint32_t>(ram.allocate(256).value));
            write(mmio::QueueDriverLow, static_cast<std::uint32_t>(ram.allocate(64).value));
            write(mmio::QueueDeviceLow, static_cast<std::uint32_t>(ram.allocate(256).value));
            write(mmio::QueueReady, 1);
        }
        write(mmio::Status,
              status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK);
        await(0, 1);  // each is looked at once without a kick
        await(1, 1);
    }
    void ring(unsigned queue) { EXPECT_EQ(::eventfd_write(bells[queue].value(), 1), 0); }
    void await(unsigned queue, unsigned runs) {
        const auto end = std::chrono::steady_clock::now() + 30s;
        while (device.runs[queue] < runs && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(1ms);
        }
        EXPECT_EQ(device.runs[queue], runs);
    }
    /// Whatever was rung before has been heard.
    void settle() {
        std::atomic<bool> done{false};
        for (int i = 0; i < 3; ++i) {
            done = false;
            loop.post([&] { done = true; });
            while (!done) std::this_thread::sleep_for(1ms);
        }
    }

    using EventLoop = vmm::EventLoop;

    TestRam ram;
    CountingDevice device;
    NoInterrupt interrupt;
    NoLog log;
    EventLoop loop{"doorbell"};
    vmm::LoopOwner owner;
    virtio::MmioTransport transport{
        device, {ram.memory, interrupt, owner, log}, "device", virtio::RingFormat::split};
    std::array<vmm::UniqueFd, 2> bells;
};

TEST_F(Doorbell, RunsItsQueueOnly) {
    start_driver();
    ring(1);
    await(1, 2);
    EXPECT_EQ(device.runs[0], 1u);
    ring(0);
    await(0, 2);
    EXPECT_EQ(device.runs[1], 2u);
}

TEST_F(Doorbell, IsHeardEveryTime) {
    start_driver();
    for (unsigned i = 2; i < 50; ++i) {
        ring(0);
        await(0, i);
    }
}

TEST_F(Doorbell, MeansNothingBeforeTheDriverIsReady) {
    ring(0);
    settle();
    EXPECT_EQ(device.runs[0], 0u);
    start_driver();
    settle();
    EXPECT_EQ(device.runs[0], 1u);
}

TEST_F(Doorbell, MeansNothingAfterAReset) {
    start_driver();
    write(mmio::Status, 0);
    ring(0);
    settle();
    EXPECT_EQ(device.runs[0], 1u);
}

TEST_F(Doorbell, LeavesTheRegisterAlone) {
    start_driver();
    write(mmio::QueueNotify, 1);
    await(1, 2);
}

}  // namespace
}  // namespace lkvm::test
