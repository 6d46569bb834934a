// SPDX-License-Identifier: GPL-2.0-or-later
// The devices of a machine when the host does not finish what they asked for.
#include "vmm/devices/virtio_devices.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "loongarch/platform/memory_map.hpp"
#include "tests/support/test_ram.hpp"
#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/holding_device.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::test {
namespace {

namespace mmio = virtio::mmio;
namespace status = virtio::status;
using namespace std::chrono_literals;

/// One queue on a thread of its own. Its requests are with a host that finishes them when told.
class HeldDevice final : public vmm::HostedDevice {
public:
    HeldDevice(vmm::DevicePlace place, bool* deleted)
        : HostedDevice(std::move(place))
        , deleted_(deleted) {
        device.in_flight = true;
        const std::array<vmm::EventLoop*, 1> loops{&loop};
        attach(device, virtio::RingFormat::split, loops);
    }
    ~HeldDevice() override { *deleted_ = true; }
    void start() override { loop.start(); }
    void stop() override { loop.stop(); }

    HoldingDevice device{1};
    vmm::EventLoop loop{"held"};

private:
    bool* const deleted_;
};

class NoTerminal final : public vmm::TerminalSide {
public:
    [[nodiscard]] std::size_t output(std::span<const std::byte> bytes) override {
        return bytes.size();
    }
    void set_room_handler(std::function<void()>) override {}
    void input_wanted() override {}
};

class NoInterrupt final : public IrqPulse {
public:
    void signal() override {}
};

class StuckHost : public ::testing::Test {
protected:
    HeldDevice& add(std::string name, bool* deleted) {
        auto device = std::make_unique<HeldDevice>(
            vmm::DevicePlace{ram.memory, pulse, log, std::move(name)}, deleted);
        HeldDevice& added = *device;
        devices->add(std::move(device), wiring);
        return added;
    }
    /// The driver offers a buffer, which the host gets and keeps.
    void ask(HeldDevice& to) {
        const auto write = [&](std::uint64_t reg, std::uint32_t value) {
            to.transport().write(reg, 4, value);
        };
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER);
        write(mmio::DriverFeaturesSel, 1);
        write(mmio::DriverFeatures, 1);  // VERSION_1
        write(mmio::Status, status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK);
        const auto ring = make_ring(ram, virtio::RingFormat::split, 16, false);
        ring->add({{ram.allocate(512), 512, true}});
        write(mmio::QueueNum, ring->size);
        write(mmio::QueueDescLow, static_cast<std::uint32_t>(ring->descriptors.value));
        write(mmio::QueueDriverLow, static_cast<std::uint32_t>(ring->driver.value));
        write(mmio::QueueDeviceLow, static_cast<std::uint32_t>(ring->device.value));
        write(mmio::QueueReady, 1);
        write(mmio::Status,
              status::ACKNOWLEDGE | status::DRIVER | status::FEATURES_OK | status::DRIVER_OK);
        std::size_t held = 0;
        while (held == 0) on_loop(to, [&] { held = to.device.held.size(); });
    }
    static void finish(HeldDevice& which) {
        on_loop(which, [&] {
            which.device.give_back_all();
            which.device.notify(0);
        });
    }
    /// Has it done by the device's thread, and waits for that.
    static void on_loop(HeldDevice& which, const std::function<void()>& what) {
        std::atomic<bool> done{false};
        which.loop.post([&] {
            what();
            done = true;
        });
        while (!done) std::this_thread::yield();
    }

    TestRam ram;
    MmioBus bus;
    vmm::StderrLog log{LogLevel::error};
    NoInterrupt pulse;
    NoTerminal terminal;
    vmm::VirtioDevices::Wiring wiring{ram.memory, bus, log,
                                      [this](unsigned) -> IrqPulse& { return pulse; }, terminal};
    std::unique_ptr<vmm::VirtioDevices> devices = std::make_unique<vmm::VirtioDevices>();
};

TEST_F(StuckHost, IsWaitedForWhenItFinishesInTime) {
    bool deleted = false;
    HeldDevice& device = add("virtio-blk0", &deleted);
    devices->start();
    ask(device);
    std::thread host([&] {
        std::this_thread::sleep_for(1200ms);  // longer than one wait
        finish(device);
    });
    EXPECT_TRUE(devices->stop(60s).has_value());
    EXPECT_EQ(device.device.resets, 1u);
    host.join();
    devices.reset();
    EXPECT_TRUE(deleted);
}

TEST_F(StuckHost, IsNamedByItsDeviceAndTheOthersAreReset) {
    std::array<bool, 3> deleted{};
    HeldDevice& stuck = add("virtio-blk0", &deleted[0]);
    HeldDevice& second = add("virtio-blk1", &deleted[1]);
    HeldDevice& idle = add("virtio-blk2", &deleted[2]);
    devices->start();
    ask(stuck);
    ask(second);
    finish(second);
    const vmm::Outcome<> outcome = devices->stop(100ms);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_EQ(outcome.failure().code, vmm::ExitCode::runtime_error);
    EXPECT_EQ(outcome.failure().message, "virtio-blk0: the host does not finish its requests");
    EXPECT_EQ(second.device.resets, 1u);
    EXPECT_EQ(idle.device.resets, 0u);  // no driver had started it

    // What is stuck stays; the others give back what they hold.
    devices->leave_behind();
    EXPECT_FALSE(deleted[0]);
    EXPECT_TRUE(deleted[1]);
    EXPECT_TRUE(deleted[2]);
    EXPECT_TRUE(devices->all().empty());
    devices.reset();
    EXPECT_FALSE(deleted[0]);

    // The host comes back, and the device can still answer.
    finish(stuck);
    while (!stuck.transport().reset()) {
    }
    stuck.stop();
    delete &stuck;
}

TEST_F(StuckHost, IsNotWaitedForOnceTheUserGivesUp) {
    bool deleted = false;
    HeldDevice& device = add("virtio-blk0", &deleted);
    devices->start();
    ask(device);
    unsigned asked = 0;
    const vmm::Outcome<> outcome = devices->reset([&] { return ++asked == 1; });
    EXPECT_FALSE(outcome.has_value());
    EXPECT_EQ(asked, 1u);
    finish(device);
    EXPECT_TRUE(devices->stop(60s).has_value());
    devices.reset();
    EXPECT_TRUE(deleted);
}

TEST_F(StuckHost, IsLeftBehindByTheDestructor) {
    bool deleted = false;
    HeldDevice& stuck = add("virtio-blk0", &deleted);
    devices->start();
    ask(stuck);
    EXPECT_FALSE(devices->stop(1ms).has_value());
    devices.reset();
    EXPECT_FALSE(deleted);
    finish(stuck);
    while (!stuck.transport().reset()) {
    }
    stuck.stop();
    delete &stuck;
}

}  // namespace
}  // namespace lkvm::test
