// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/loop_owner.hpp"

#include <chrono>

#include "loongarch/soft/outside_guest.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace lkvm::vmm {

namespace {

/// How long a vCPU stands still for a reset while requests are in flight.
constexpr std::chrono::seconds longest_wait{1};

}  // namespace

void LoopOwner::connect(virtio::MmioTransport& transport, std::span<EventLoop* const> loops) {
    transport_ = &transport;
    for (EventLoop* const loop : loops) {
        const auto queue = static_cast<unsigned>(places_.size());
        places_.push_back({loop, loop->add_trigger([&transport, queue] { transport.run(queue); })});
    }
}

void LoopOwner::add_doorbell(unsigned queue, int doorbell) {
    places_[queue].loop->watch(doorbell, EPOLLIN, [this, queue, doorbell](std::uint32_t) {
        eventfd_t rings = 0;
        if (::eventfd_read(doorbell, &rings) == 0) transport_->run(queue);
    });
}

void LoopOwner::kick(unsigned queue) {
    places_[queue].loop->trigger(places_[queue].trigger);
}

void LoopOwner::wait(const virtio::WaitCondition& condition) {
    // The owner may be about to write where code was, for which all vCPUs inside stop.
    const la::OutsideGuest outside;
    std::unique_lock lock(mutex_);
    progress_.wait_for(lock, longest_wait, [&] { return condition.met(); });
}

void LoopOwner::progress() {
    // The lock keeps this from falling between a waiter's look and its sleep.
    const std::lock_guard lock(mutex_);
    progress_.notify_all();
}

}  // namespace lkvm::vmm
