// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a packed virtqueue. VIRTIO 1.2 §2.8.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "virtio/chain.hpp"
#include "virtio/ring_area.hpp"

namespace lkvm::virtio {

/// Counterpart of SplitRing with the same rules and members.
class PackedRing {
public:
    PackedRing() = default;

    /// Errors: `invalid_argument` (size 0 or above 32768), `misaligned`, `out_of_range`.
    [[nodiscard]] static Result<PackedRing> create(const GuestMemory& memory,
                                                   const RingConfig& config);

    [[nodiscard]] Result<std::optional<DescriptorChain>> pop(std::span<Segment> storage);
    void push_used(std::span<const UsedChain> chains);
    [[nodiscard]] bool should_notify();
    void disable_kicks();
    [[nodiscard]] bool enable_kicks();

private:
    /// A place in the ring and the value that the driver's AVAIL bit has on this lap.
    struct Position {
        std::uint16_t at = 0;
        bool wrap = true;

        void advance(std::uint16_t by, std::uint16_t size);
    };

    [[nodiscard]] Descriptor read(std::uint16_t at, std::uint16_t flags) const;
    [[nodiscard]] Result<DescriptorChain> walk(std::uint16_t first_flags,
                                               std::span<Segment> storage) const;
    [[nodiscard]] Result<> add_table(const Descriptor& found, ChainBuilder& builder,
                                     std::size_t budget) const;
    /// Makes one used element visible, and what was stored before it.
    void publish_used(const Position& where, const UsedChain& used);
    /// Flags of the next descriptor, and whether it is the device's.
    [[nodiscard]] bool available(std::uint16_t& flags) const;

    const GuestMemory* memory_ = nullptr;
    RingArea descriptors_;
    RingArea driver_events_;
    RingArea device_events_;
    std::uint16_t size_ = 0;
    Position next_available_;
    Position next_used_;
    std::uint16_t unnotified_ = 0;  // ring entries published since the last should_notify()
    bool indirect_ = false;
    bool event_idx_ = false;
};

}  // namespace lkvm::virtio
