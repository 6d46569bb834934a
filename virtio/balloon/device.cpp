// SPDX-License-Identifier: GPL-2.0-or-later
// The traditional memory balloon. VIRTIO 1.2 §5.5.
#include "virtio/balloon/device.hpp"

#include <cstring>
#include <utility>

namespace lkvm::virtio::balloon {

std::uint64_t BalloonDevice::features() const {
    return F_STATS_VQ | F_DEFLATE_ON_OOM | F_PAGE_POISON | F_REPORTING;
}

void BalloonDevice::set_target(std::uint32_t pages) {
    if (target_.exchange(pages, std::memory_order_relaxed) != pages) events().config_changed();
}

void BalloonDevice::read_config(std::size_t offset, std::span<std::byte> out) {
    Config config;
    config.num_pages = target_.load(std::memory_order_relaxed);
    config.actual = actual_.load(std::memory_order_relaxed);
    config.poison_val = poison_.load(std::memory_order_relaxed);
    copy_config(std::as_bytes(std::span{&config, 1}), offset, out);
}

void BalloonDevice::write_config(std::size_t offset, std::span<const std::byte> in) {
    Le32 value;
    if (in.size() != sizeof(value)) return;
    std::memcpy(&value, in.data(), sizeof(value));
    if (offset == offsetof(Config, actual)) actual_.store(value, std::memory_order_relaxed);
    if (offset == offsetof(Config, poison_val)) poison_.store(value, std::memory_order_relaxed);
}

void BalloonDevice::start(std::uint64_t features) {
    features_.store(features, std::memory_order_relaxed);
}

void BalloonDevice::reset() {
    actual_.store(0, std::memory_order_relaxed);
    poison_.store(0, std::memory_order_relaxed);
    features_.store(0, std::memory_order_relaxed);
}

BalloonDevice::Role BalloonDevice::role(unsigned queue) const {
    const std::uint64_t features = features_.load(std::memory_order_relaxed);
    if (queue == 0) return Role::inflate;
    if (queue == 1) return Role::deflate;
    if (queue == 2 && (features & F_STATS_VQ) != 0) return Role::statistics;
    // VIRTIO 1.2 §5.5.2 gives reporting the number 4. Linux numbers the queues it uses without
    // gaps, and other devices go with it.
    return (features & F_REPORTING) != 0 ? Role::reporting : Role::unused;
}

void BalloonDevice::run(unsigned index) {
    Queue& queue = queues_[index];
    const Role role = this->role(index);
    if (role == Role::statistics) return run_statistics(queue);
    queue.drain([this] { return std::span<Segment>{segments_}; },
                [&](DescriptorChain&& chain) {
                    if (role == Role::inflate) inflate(chain);
                    if (role == Role::reporting) take_report(chain);
                    queue.complete(std::move(chain), 0);
                });
    queue.notify();
}

void BalloonDevice::stop(unsigned index) {
    if (!statistics_chain_.live() || statistics_queue_ != index) return;
    queues_[index].complete(std::move(statistics_chain_), 0);
}

void BalloonDevice::give_back(Gpa where, std::uint64_t size) {
    reclaimer_.give_back(where, size);
    memory_.mark_written(where, size);
}

void BalloonDevice::inflate(const DescriptorChain& chain) {
    PageList pages(memory_, chain);
    while (const std::optional<PageRange> range = pages.next()) {
        give_back(range->where, range->size);
        inflated_bytes_ += range->size;
    }
    outside_ += pages.outside();
}

void BalloonDevice::take_report(const DescriptorChain& chain) {
    // VIRTIO 1.2 §5.5.6.7: a poisoned page has to keep its poison, unless that is zero.
    if (poison_.load(std::memory_order_relaxed) != 0) return;
    for (const Segment& segment : chain.writable()) {
        give_back(segment.where(), segment.length);
        reported_bytes_ += segment.length;
    }
}

void BalloonDevice::run_statistics(Queue& queue) {
    // A chain is kept until fresh statistics are wanted; normally there is only this one.
    queue.drain(
        [this] {
            return statistics_chain_.live() ? std::span<Segment>{}
                                            : std::span<Segment>{statistics_segments_};
        },
        [this](DescriptorChain&& chain) {
            sink_.statistics(read_statistics(memory_, chain));
            statistics_chain_ = std::move(chain);
        });
    statistics_queue_ = static_cast<unsigned>(&queue - queues_.data());
}

bool BalloonDevice::request_statistics() {
    if (!statistics_chain_.live()) return false;
    Queue& queue = queues_[statistics_queue_];
    queue.complete(std::move(statistics_chain_), 0);
    queue.notify();
    // The driver may have offered more than one.
    if (queue.enabled()) run_statistics(queue);
    return true;
}

}  // namespace lkvm::virtio::balloon
