// SPDX-License-Identifier: GPL-2.0-or-later
// VIRTIO 1.2 §5.1.6.3, §5.1.6.4.
#include "virtio/net/receive_queue.hpp"

#include <utility>

#include "virtio/net/header.hpp"

namespace lkvm::virtio::net {

void ReceiveQueue::connect(const GuestMemory& memory, Queue& queue, NetBackend& backend,
                           Shared& shared) {
    memory_ = &memory;
    queue_ = &queue;
    backend_ = &backend;
    shared_ = &shared;
}

void ReceiveQueue::run() {
    // Kicks matter only while there are no buffers.
    queue_->disable_kicks();
    bool starved = false;
    for (unsigned frames = 0; frames < frame_budget && !starved; ++frames) {
        const std::optional<NetFrame> frame = backend_->front();
        if (!frame.has_value()) break;
        const NetOffloads allowed = shared_->guest_offloads.load(std::memory_order_relaxed);
        const std::size_t size = frame->bytes.size();
        std::optional<NetHeader> header;
        if (size >= ethernet_header_size) header = checked_header(frame->header, size, allowed);
        if (!header.has_value()) {
            count(shared_->counters.receive_dropped);
        } else if (!shared_->filter.passes(frame->bytes)) {
            count(shared_->counters.receive_filtered);
        } else {
            // VIRTIO 1.2 §5.1.6.4.1: only for a driver that negotiated GUEST_CSUM.
            const bool valid = (frame->header.flags & net_header::F_DATA_VALID) != 0;
            if (valid && (allowed & net_offload::checksum) != 0 && header->flags == 0) {
                header->flags = net_header::F_DATA_VALID;
            }
            starved = deliver(*header, frame->bytes) == Delivery::no_buffers;
        }
        if (!starved) backend_->pop();
    }
    // With frames left over the back end comes again.
    listen(!starved && queue_->enabled());
    queue_->notify();
}

void ReceiveQueue::stop() {
    listen(false);
    give_back();
}

void ReceiveQueue::listen(bool on) {
    if (on == listening_) return;
    listening_ = on;
    backend_->listen(on);
}

ReceiveQueue::Delivery ReceiveQueue::deliver(const NetHeader& header,
                                             std::span<const std::byte> bytes) {
    const Delivery delivery = collect(sizeof(NetHeader) + bytes.size());
    if (delivery == Delivery::done) {
        fill(header, bytes);
        count(shared_->counters.received);
        count(shared_->counters.received_bytes, bytes.size());
        queue_->charge(bytes.size());
    } else if (delivery == Delivery::dropped) {
        // The driver counts an error for each buffer that comes back empty.
        give_back();
        count(shared_->counters.receive_dropped);
    }
    return delivery;
}

ReceiveQueue::Delivery ReceiveQueue::collect(std::size_t size) {
    const bool mergeable = shared_->mergeable.load(std::memory_order_relaxed);
    while (room_ < size) {
        if (held_ != 0 && !mergeable) return Delivery::dropped;
        if (held_ == max_buffers || pool_size - pool_used_ < max_segments) {
            return Delivery::dropped;
        }
        if (take_one()) continue;
        // What came since the look at the ring brought no kick.
        if (!queue_->enable_kicks()) return Delivery::no_buffers;
        queue_->disable_kicks();
    }
    return Delivery::done;
}

bool ReceiveQueue::take_one() {
    const std::span<Segment> storage = std::span{pool_}.subspan(pool_used_, max_segments);
    std::optional<DescriptorChain> chain = queue_->pop(storage);
    if (!chain.has_value()) return false;
    if (chain->writable_bytes() < sizeof(NetHeader)) {
        // VIRTIO 1.2 §5.1.6.3.1 wants room for a header in each.
        queue_->complete(std::move(*chain), 0);
        return true;
    }
    room_ += chain->writable_bytes();
    pool_used_ += chain->readable().size() + chain->writable().size();
    chains_[held_++] = UsedChain{std::move(*chain), 0};
    return true;
}

void ReceiveQueue::fill(const NetHeader& header, std::span<const std::byte> bytes) {
    NetHeader first = header;
    first.num_buffers = static_cast<std::uint16_t>(held_);
    for (std::size_t i = 0; i < held_; ++i) {
        UsedChain& used = chains_[i];
        ChainWriter writer(*memory_, used.chain);
        if (i == 0) {
            // Every chain has room for a header.
            static_cast<void>(writer.write(first));
            used.written = sizeof(first);
        }
        const std::size_t part = writer.write(bytes);
        used.written += static_cast<std::uint32_t>(part);
        bytes = bytes.subspan(part);
    }
    queue_->complete(std::span{chains_}.first(held_));
    held_ = 0;
    room_ = 0;
    pool_used_ = 0;
}

void ReceiveQueue::give_back() {
    for (std::size_t i = 0; i < held_; ++i) chains_[i].written = 0;
    queue_->complete(std::span{chains_}.first(held_));
    held_ = 0;
    room_ = 0;
    pool_used_ = 0;
}

}  // namespace lkvm::virtio::net
