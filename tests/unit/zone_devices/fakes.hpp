// SPDX-License-Identifier: GPL-2.0-or-later
// What zones' devices talk to, for tests.
#pragma once

#include <atomic>
#include <cstdint>

#include <lkvm/clock.hpp>

#include "baremetal/device/queue_runner.hpp"
#include "tests/support/virtio/driver.hpp"

namespace lkvm::hv {

class ManualClock final : public Clock {
public:
    [[nodiscard]] std::uint64_t monotonic_ns() override { return now += step; }
    [[nodiscard]] std::uint64_t wall_ns() override { return now; }

    std::uint64_t now = 0;
    std::uint64_t step = 1000;  ///< that every look takes
};

/// Any CPU.
class CountingDoorbell final : public Doorbell {
public:
    void ring(unsigned) override { ++rung; }
    void pause() override { ++pauses; }

    std::atomic<unsigned> rung = 0;
    std::atomic<unsigned> pauses = 0;
};

/// One queue that counts how often it is run.
class IdleDevice final : public virtio::Device {
public:
    [[nodiscard]] virtio::DeviceType type() const override { return virtio::DeviceType::entropy; }
    [[nodiscard]] std::uint64_t features() const override { return 0; }
    [[nodiscard]] std::span<virtio::Queue> queues() override { return {&queue, 1}; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return 16; }
    void read_config(std::size_t offset, std::span<std::byte> out) override {
        virtio::copy_config({}, offset, out);
    }
    void run(unsigned) override { ++runs; }

    virtio::Queue queue;
    unsigned runs = 0;
};

}  // namespace lkvm::hv
