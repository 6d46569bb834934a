// SPDX-License-Identifier: GPL-2.0-or-later
// VIRTIO 1.2 §5.1.6.2.
#include "virtio/net/transmit_queue.hpp"

#include <utility>

#include "virtio/net/header.hpp"

namespace lkvm::virtio::net {

void TransmitQueue::connect(const GuestMemory& memory, Queue& queue, NetBackend& backend,
                            Shared& shared) {
    memory_ = &memory;
    queue_ = &queue;
    backend_ = &backend;
    shared_ = &shared;
}

void TransmitQueue::run() {
    if (chain_.live() && !send()) return;
    unsigned left = frame_budget;
    queue_->drain(
        [&]() -> std::span<Segment> {
            if (chain_.live()) return {};
            if (left == 0) {
                backend_->send_later();
                return {};
            }
            --left;
            return segments_;
        },
        [&](DescriptorChain&& chain) {
            chain_ = std::move(chain);
            if (prepare()) {
                static_cast<void>(send());
            } else {
                count(shared_->counters.send_dropped);
                queue_->complete(std::move(chain_), 0);
            }
        });
    queue_->notify();
}

void TransmitQueue::stop() {
    if (chain_.live()) queue_->complete(std::move(chain_), 0);
}

bool TransmitQueue::prepare() {
    ChainReader reader(*memory_, chain_);
    const auto header = reader.read<NetHeader>();
    if (!header.has_value()) return false;
    const std::size_t size = chain_.readable_bytes() - sizeof(NetHeader);
    if (size < ethernet_header_size || size > max_frame_size) return false;
    const NetOffloads allowed = shared_->host_offloads.load(std::memory_order_relaxed);
    const auto checked = checked_header(*header, size, allowed);
    if (!checked.has_value()) return false;
    header_ = *checked;
    frame_size_ = size;
    const SegmentCursor::Buffers taken = reader.take(size, pieces_);
    // There are as many pieces as segments.
    LKVM_ASSERT(taken.bytes == size);
    frame_ = taken.pieces;
    return true;
}

bool TransmitQueue::send() {
    if (backend_->send(header_, frame_) == SendStatus::busy) return false;
    count(shared_->counters.sent);
    count(shared_->counters.sent_bytes, frame_size_);
    queue_->charge(frame_size_);
    queue_->complete(std::move(chain_), 0);
    return true;
}

}  // namespace lkvm::virtio::net
