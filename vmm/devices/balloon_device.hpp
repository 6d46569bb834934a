// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's memory balloon with the host's memory behind it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include <lkvm/memory_reclaimer.hpp>

#include "virtio/balloon/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/loop_timer.hpp"

namespace lkvm::vmm {

/// What a balloon knows of its guest.
struct BalloonState {
    std::uint64_t target_bytes = 0;
    std::uint64_t actual_bytes = 0;
    std::uint64_t inflated_bytes = 0;     ///< given back so far because the balloon grew
    std::uint64_t reported_bytes = 0;     ///< given back so far because the guest reported it free
    virtio::balloon::Statistics guest{};  ///< the last ones that it sent
};

/// Gives whole pages of the host back with madvise(2).
class HostReclaimer final : public MemoryReclaimer {
public:
    explicit HostReclaimer(const GuestMemory& memory);

    void give_back(Gpa where, std::uint64_t size) override;
    /// Any thread. While single pages are given back all over, the host must not put huge pages
    /// together, as that would fill the holes.
    void allow_huge_pages(bool allowed);

private:
    const GuestMemory& memory_;
    const std::uint64_t host_page_;
    std::atomic<bool> huge_pages_{true};
};

class BalloonDevice final : public HostedDevice, private virtio::balloon::StatisticsSink {
public:
    using Tell = std::function<void(const BalloonState&)>;

    explicit BalloonDevice(DevicePlace place);

    void start() override { loop_.start(); }
    void stop() override { loop_.stop(); }
    [[nodiscard]] EventLoop& loop() { return loop_; }

    /// Any thread: how much memory the guest shall do without.
    void set_target(std::uint64_t bytes);
    /// Any thread.
    [[nodiscard]] std::uint64_t target() const;
    /// Loop: asks the guest for fresh statistics. `tell` gets the state once they came, or with the
    /// old ones if the guest has none or does not answer in time.
    void query(Tell tell);

private:
    void statistics(const virtio::balloon::Statistics& statistics) override;
    void answer_queries();
    [[nodiscard]] BalloonState state() const;

    EventLoop loop_{"balloon"};
    HostReclaimer reclaimer_;
    virtio::balloon::Statistics statistics_{};
    std::vector<Tell> waiting_;
    LoopTimer patience_;
    virtio::balloon::BalloonDevice device_;
};

}  // namespace lkvm::vmm
