// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a virtqueue of either format. VIRTIO 1.2 §2.6.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "virtio/chain.hpp"
#include "virtio/packed_ring.hpp"
#include "virtio/ring_area.hpp"
#include "virtio/split_ring.hpp"

namespace lkvm::virtio {

/// Where a queue reports to: its transport.
class QueueEvents {
public:
    /// The driver is to be told about used buffers. Owner thread of the queue.
    virtual void used_buffers() = 0;
    /// The driver's ring makes no sense. Owner thread of the queue.
    virtual void broken_ring(unsigned queue, ErrorCode why) = 0;
    /// There is more to do, later: MmioTransport::run() is wanted. Owner thread of the queue.
    virtual void more_work(unsigned queue) = 0;
    /// A queue that is being stopped holds no chain any more. Owner thread of the queue.
    virtual void drained(unsigned queue) = 0;

protected:
    ~QueueEvents() = default;  // never deleted through the interface
};

/// A queue belongs to the transport while `disabled` and to its owner thread while `enabled` or
/// `stopping`; the state hands it over. The members under "owner" are for the device's run() and
/// stop() and for completions of its back end, all on the owner thread.
class Queue {
public:
    enum class State : std::uint8_t { disabled, enabled, stopping };

    Queue() = default;
    Queue(const Queue&) = delete;
    Queue& operator=(const Queue&) = delete;

    // --- owner ---

    /// The next chain the driver offers, or nothing if there is none, the allowance is used up, the
    /// queue is being stopped, or the ring is broken (which was reported: the driver has to reset
    /// the device). Segments go to `storage`, which lives as long as the chain; a chain that needs
    /// more breaks the ring.
    [[nodiscard]] std::optional<DescriptorChain> pop(std::span<Segment> storage);

    /// Gives the chain back. `written` is how many bytes, counted from its start, the device wrote
    /// to the writable part; all of them, as they are announced to GuestMemory here. Does not
    /// notify. If the queue is being stopped the driver will not see it.
    void complete(DescriptorChain&& chain, std::uint32_t written);
    /// The same for several chains, in this order, that the driver sees all at once: it never
    /// finds only some of them used.
    void complete(std::span<UsedChain> chains);

    /// The driver offered something that cannot be answered at all: no more chains come from this
    /// queue, and the driver has to reset the device.
    void give_up(ErrorCode why);

    /// Interrupts the driver if it wants to know about the completions since the last call.
    void notify();

    /// What the owner does in one turn is bounded: chains, their descriptors and the bytes that a
    /// device charges are taken off an allowance. The unit is a descriptor, a few hundred
    /// instructions at most.
    void begin_turn(std::int32_t allowance) { allowance_ = allowance; }
    void charge(std::uint64_t bytes) {
        const std::uint64_t units = bytes / bytes_per_unit;
        allowance_ -= units < most_units ? static_cast<std::int32_t>(units) : most_units;
    }
    /// Has the device run again, soon and with a new allowance.
    void come_back() { events_->more_work(index_); }

    /// Asks the driver not to kick while the queue is being emptied, and to kick again. After
    /// enable_kicks() returned true something is there already and no kick will come for it. When
    /// the allowance is used up kicks stay off and the device runs again instead.
    void disable_kicks();
    [[nodiscard]] bool enable_kicks();

    /// Chains popped and not completed.
    [[nodiscard]] unsigned held() const { return held_; }
    [[nodiscard]] bool enabled() const { return state() == State::enabled; }

    /// Pops until nothing is left, with kicks off meanwhile: `handle(DescriptorChain&&)` completes
    /// the chain or keeps it. `segments()` gives storage for the next chain, an empty span to stop
    /// early; then the owner must come back on its own.
    template<class Segments, class Handle>
    void drain(Segments segments, Handle handle) {
        do {
            disable_kicks();
            while (true) {
                const std::span<Segment> storage = segments();
                if (storage.empty()) return;
                std::optional<DescriptorChain> chain = pop(storage);
                if (!chain.has_value()) break;
                handle(std::move(*chain));
            }
        } while (enable_kicks());
    }

    // --- transport ---

    /// Once, before use.
    void connect(const GuestMemory& memory, QueueEvents& events, unsigned index);

    [[nodiscard]] State state() const {
        // Acquire pairs with the releases in enable(), request_stop() and finish_stop().
        return state_.load(std::memory_order_acquire);
    }
    /// vCPU, while disabled: maps the ring and hands it to the owner. Errors: those of the rings.
    [[nodiscard]] Result<> enable(const RingConfig& config, bool packed);
    /// vCPU: no more chains from now on. False if the queue is disabled anyway.
    bool request_stop();
    /// Owner, while stopping and with no chain held: hands the queue back.
    void finish_stop();

private:
    const GuestMemory* memory_ = nullptr;
    QueueEvents* events_ = nullptr;
    unsigned index_ = 0;
    static constexpr std::uint64_t bytes_per_unit = 512;
    static constexpr std::int32_t most_units = 1 << 24;
    static constexpr std::int32_t units_per_chain = 8;

    std::int32_t allowance_ = INT32_MAX;
    std::atomic<State> state_{State::disabled};
    bool packed_ = false;
    bool broken_ = false;
    unsigned held_ = 0;
    SplitRing split_;
    PackedRing packed_ring_;
};

}  // namespace lkvm::virtio
