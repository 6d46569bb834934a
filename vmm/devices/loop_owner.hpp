// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the queues of a virtio device on event loops.
#pragma once

#include <condition_variable>
#include <mutex>
#include <span>
#include <vector>

#include "virtio/device.hpp"
#include "virtio/transport_mmio.hpp"
#include "vmm/host/event_loop.hpp"

namespace lkvm::vmm {

/// Kicks become triggers of the loop that owns the queue.
class LoopOwner final : public virtio::QueueOwner {
public:
    /// Once, before the loops start: queue n is owned by loops[n].
    void connect(virtio::MmioTransport& transport, std::span<EventLoop* const> loops);

    /// Once per queue, before the loops start: what makes `doorbell`, an eventfd that stays the
    /// caller's, readable is a kick of the queue.
    void add_doorbell(unsigned queue, int doorbell);

    void kick(unsigned queue) override;
    void wait(const virtio::WaitCondition& condition) override;
    void progress() override;

private:
    struct Place {
        EventLoop* loop = nullptr;
        unsigned trigger = 0;
    };

    virtio::MmioTransport* transport_ = nullptr;
    std::vector<Place> places_;  // by queue
    std::mutex mutex_;
    std::condition_variable progress_;
};

}  // namespace lkvm::vmm
