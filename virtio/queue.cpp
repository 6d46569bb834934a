// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a virtqueue of either format. VIRTIO 1.2 §2.6.
#include "virtio/queue.hpp"

#include <utility>

#include <lkvm/assert.hpp>

namespace lkvm::virtio {

void Queue::connect(const GuestMemory& memory, QueueEvents& events, unsigned index) {
    memory_ = &memory;
    events_ = &events;
    index_ = index;
}

Result<> Queue::enable(const RingConfig& config, bool packed) {
    LKVM_ASSERT(state() == State::disabled);
    if (packed) {
        packed_ring_ = LKVM_TRY(PackedRing::create(*memory_, config));
    } else {
        split_ = LKVM_TRY(SplitRing::create(*memory_, config));
    }
    packed_ = packed;
    broken_ = false;
    held_ = 0;
    // Release pairs with the acquire in state(): the owner sees the ring.
    state_.store(State::enabled, std::memory_order_release);
    return {};
}

bool Queue::request_stop() {
    State expected = State::enabled;
    return state_.compare_exchange_strong(expected, State::stopping, std::memory_order_acq_rel) ||
           expected == State::stopping;
}

void Queue::finish_stop() {
    LKVM_ASSERT(state() == State::stopping && held_ == 0);
    // Release pairs with the acquire in state(): the owner is done with ring and memory.
    state_.store(State::disabled, std::memory_order_release);
}

std::optional<DescriptorChain> Queue::pop(std::span<Segment> storage) {
    if (state() != State::enabled || broken_ || allowance_ <= 0) return std::nullopt;
    Result<std::optional<DescriptorChain>> chain =
        packed_ ? packed_ring_.pop(storage) : split_.pop(storage);
    if (!chain.has_value()) {
        give_up(chain.error().code);
        return std::nullopt;
    }
    if (chain->has_value()) {
        ++held_;
        allowance_ -= units_per_chain + (*chain)->steps_;
    }
    return std::move(*chain);
}

void Queue::give_up(ErrorCode why) {
    broken_ = true;
    events_->broken_ring(index_, why);
}

void Queue::complete(DescriptorChain&& chain, std::uint32_t written) {
    UsedChain one{std::move(chain), written};
    complete(std::span{&one, 1});
}

void Queue::complete(std::span<UsedChain> chains) {
    if (chains.empty()) return;
    LKVM_ASSERT(held_ >= chains.size());
    for (UsedChain& used : chains) {
        LKVM_ASSERT(used.chain.live_ && used.written <= used.chain.writable_bytes());
        std::uint32_t left = used.written;
        for (const Segment& segment : used.chain.writable()) {
            if (left == 0) break;
            const std::uint32_t part = left < segment.length ? left : segment.length;
            memory_->mark_written(segment.where(), part);
            left -= part;
        }
        used.chain.live_ = false;
    }
    held_ -= static_cast<unsigned>(chains.size());
    if (state() != State::enabled) {
        if (held_ == 0) events_->drained(index_);
        return;
    }
    // After a broken ring the driver may only reset.
    if (broken_) return;
    packed_ ? packed_ring_.push_used(chains) : split_.push_used(chains);
}

void Queue::notify() {
    if (state() != State::enabled || broken_) return;
    if (packed_ ? packed_ring_.should_notify() : split_.should_notify()) {
        events_->used_buffers();
    }
}

void Queue::disable_kicks() {
    if (state() != State::enabled) return;
    packed_ ? packed_ring_.disable_kicks() : split_.disable_kicks();
}

bool Queue::enable_kicks() {
    if (state() != State::enabled || broken_) return false;
    if (allowance_ <= 0) {
        come_back();
        return false;
    }
    return packed_ ? packed_ring_.enable_kicks() : split_.enable_kicks();
}

}  // namespace lkvm::virtio
