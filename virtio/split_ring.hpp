// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a split virtqueue. VIRTIO 1.2 §2.7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "virtio/chain.hpp"
#include "virtio/ring_area.hpp"

namespace lkvm::virtio {

/// Everything in the ring is the guest's and may change at any time; what it says is copied once
/// and checked. Used by Queue, on the queue's owner thread.
class SplitRing {
public:
    SplitRing() = default;

    /// Errors: `invalid_argument` (size no power of two up to 32768), `misaligned`, `out_of_range`.
    [[nodiscard]] static Result<SplitRing> create(const GuestMemory& memory,
                                                  const RingConfig& config);

    /// See Queue::pop().
    [[nodiscard]] Result<std::optional<DescriptorChain>> pop(std::span<Segment> storage);
    /// Publishes used elements, all at once. What was written is already in guest memory and
    /// announced.
    void push_used(std::span<const UsedChain> chains);
    /// Whether the driver wants to know about what was published since the last call.
    [[nodiscard]] bool should_notify();
    void disable_kicks();
    /// Returns true if something is available already.
    [[nodiscard]] bool enable_kicks();

private:
    class Walk;

    [[nodiscard]] std::uint16_t index(std::uint16_t position) const {
        return static_cast<std::uint16_t>(position & (size_ - 1));
    }
    [[nodiscard]] std::uint16_t available_index() const;

    const GuestMemory* memory_ = nullptr;
    RingArea descriptors_;
    RingArea available_;
    RingArea used_;
    std::uint16_t size_ = 0;
    std::uint16_t next_available_ = 0;  // free-running
    std::uint16_t next_used_ = 0;       // free-running
    std::uint16_t notified_used_ = 0;   // next_used_ at the last should_notify()
    bool indirect_ = false;
    bool event_idx_ = false;
};

}  // namespace lkvm::virtio
