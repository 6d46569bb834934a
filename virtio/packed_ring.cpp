// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a packed virtqueue. VIRTIO 1.2 §2.8.
#include "virtio/packed_ring.hpp"

#include <array>
#include <atomic>
#include <cstring>

namespace lkvm::virtio {

namespace {

constexpr std::uint32_t max_size = 32768;

// VIRTIO 1.2 §2.8.10: event suppression structures.
constexpr std::size_t events_size = 4;
constexpr std::size_t event_offset_wrap = 0;
constexpr std::size_t event_flags = 2;
constexpr std::uint16_t EVENT_FLAGS_ENABLE = 0;
constexpr std::uint16_t EVENT_FLAGS_DISABLE = 1;
constexpr std::uint16_t EVENT_FLAGS_DESC = 2;
constexpr std::uint16_t event_flags_mask = 3;
constexpr unsigned event_wrap_shift = 15;
constexpr std::uint16_t event_offset_mask = 0x7fff;

constexpr bool has(std::uint16_t flags, std::uint16_t bit) {
    return (flags & bit) != 0;
}

}  // namespace

void PackedRing::Position::advance(std::uint16_t by, std::uint16_t size) {
    std::uint32_t sum = std::uint32_t{at} + by;
    if (sum >= size) {
        sum -= size;
        wrap = !wrap;
    }
    at = static_cast<std::uint16_t>(sum);
}

Result<PackedRing> PackedRing::create(const GuestMemory& memory, const RingConfig& config) {
    if (config.size == 0 || config.size > max_size) return fail(ErrorCode::invalid_argument);
    PackedRing ring;
    ring.memory_ = &memory;
    ring.size_ = config.size;
    ring.indirect_ = config.indirect;
    ring.event_idx_ = config.event_idx;
    ring.descriptors_ =
        LKVM_TRY(RingArea::map(memory, config.descriptors, config.size * descriptor::size, 16));
    ring.driver_events_ = LKVM_TRY(RingArea::map(memory, config.driver, events_size, 4));
    ring.device_events_ = LKVM_TRY(RingArea::map(memory, config.device, events_size, 4));
    return ring;
}

bool PackedRing::available(std::uint16_t& flags) const {
    const std::size_t base = std::size_t{next_available_.at} * descriptor::size;
    // Acquire pairs with the driver's barrier before it writes the flags of a chain's first
    // descriptor, which it does last: the rest of the chain is visible. VIRTIO 1.2 §2.8.21.3.
    flags = descriptors_.load<std::uint16_t>(base + descriptor::packed_flags,
                                             std::memory_order_acquire);
    return has(flags, descriptor::F_AVAIL) == next_available_.wrap &&
           has(flags, descriptor::F_USED) != next_available_.wrap;
}

Descriptor PackedRing::read(std::uint16_t at, std::uint16_t flags) const {
    const std::size_t base = std::size_t{at} * descriptor::size;
    return Descriptor{descriptors_.load<std::uint64_t>(base + descriptor::address),
                      descriptors_.load<std::uint32_t>(base + descriptor::length), flags,
                      descriptors_.load<std::uint16_t>(base + descriptor::packed_id)};
}

Result<> PackedRing::add_table(const Descriptor& found, ChainBuilder& builder,
                               std::size_t budget) const {
    // VIRTIO 1.2 §2.8.7: every entry counts, and of their flags only WRITE.
    const std::uint32_t entries = static_cast<std::uint32_t>(found.length / descriptor::size);
    if (found.length % descriptor::size != 0 || entries == 0 || entries > budget) {
        return fail(ErrorCode::bad_format, found.length);
    }
    for (std::uint32_t i = 0; i < entries; ++i) {
        const auto where = checked_add(Gpa{found.address}, std::uint64_t{i} * descriptor::size);
        if (!where.has_value()) return fail(ErrorCode::out_of_range);
        std::array<std::byte, descriptor::size> bytes;
        LKVM_TRY(memory_->read_bytes(*where, bytes));
        Le64 address;
        Le32 length;
        Le16 flags;
        std::memcpy(&address, bytes.data() + descriptor::address, sizeof(address));
        std::memcpy(&length, bytes.data() + descriptor::length, sizeof(length));
        std::memcpy(&flags, bytes.data() + descriptor::packed_flags, sizeof(flags));
        LKVM_TRY(builder.add(address, length, has(flags, descriptor::F_WRITE)));
    }
    return {};
}

Result<DescriptorChain> PackedRing::walk(std::uint16_t first_flags,
                                         std::span<Segment> storage) const {
    ChainBuilder builder(*memory_, storage);
    Position position = next_available_;
    std::uint16_t flags = first_flags;
    for (std::uint16_t count = 1; count <= size_; ++count) {
        const Descriptor found = read(position.at, flags);
        if (has(flags, descriptor::F_INDIRECT)) {
            // VIRTIO 1.2 §2.8.8: only alone.
            if (!indirect_ || has(flags, descriptor::F_NEXT) || count != 1) {
                return fail(ErrorCode::bad_format, position.at);
            }
            LKVM_TRY(add_table(found, builder, step_budget(size_, storage.size())));
        } else {
            LKVM_TRY(builder.add(found.address, found.length, has(flags, descriptor::F_WRITE)));
        }
        // The buffer ID is that of the last descriptor. VIRTIO 1.2 §2.8.6.
        if (!has(flags, descriptor::F_NEXT)) return builder.finish(found.next_or_id, count);
        position.advance(1, size_);
        flags = descriptors_.load<std::uint16_t>(std::size_t{position.at} * descriptor::size +
                                                 descriptor::packed_flags);
    }
    return fail(ErrorCode::bad_format, position.at);
}

Result<std::optional<DescriptorChain>> PackedRing::pop(std::span<Segment> storage) {
    std::uint16_t flags = 0;
    if (!available(flags)) return std::optional<DescriptorChain>{};
    DescriptorChain chain = LKVM_TRY(walk(flags, storage));
    next_available_.advance(chain.descriptors_, size_);
    return std::optional<DescriptorChain>{std::move(chain)};
}

void PackedRing::push_used(std::span<const UsedChain> chains) {
    if (chains.empty()) return;
    const Position first = next_used_;
    for (const UsedChain& used : chains) {
        const std::size_t base = std::size_t{next_used_.at} * descriptor::size;
        descriptors_.store<std::uint16_t>(base + descriptor::packed_id, used.chain.id_);
        descriptors_.store<std::uint32_t>(base + descriptor::length, used.written);
        // The driver looks at one chain after the other, so that the first, whose flags come
        // last, hides the rest.
        if (&used != &chains.front()) publish_used(next_used_, used);
        next_used_.advance(used.chain.descriptors_, size_);
        unnotified_ = static_cast<std::uint16_t>(unnotified_ + used.chain.descriptors_);
    }
    publish_used(first, chains.front());
}

void PackedRing::publish_used(const Position& where, const UsedChain& used) {
    const std::size_t base = std::size_t{where.at} * descriptor::size;
    std::uint16_t flags = where.wrap
                              ? static_cast<std::uint16_t>(descriptor::F_AVAIL | descriptor::F_USED)
                              : std::uint16_t{0};
    if (used.written != 0) flags |= descriptor::F_WRITE;
    descriptors_.mark_written(base, descriptor::size);
    // Release pairs with the driver's barrier after it saw the flags: length, ID and all data of
    // the chains are visible. VIRTIO 1.2 §2.8.22.1.
    descriptors_.store<std::uint16_t>(base + descriptor::packed_flags, flags,
                                      std::memory_order_release);
}

bool PackedRing::should_notify() {
    if (unnotified_ == 0) return false;
    const std::uint16_t published = unnotified_;
    unnotified_ = 0;
    // Pairs with the driver's full barrier between writing its event suppression and its last
    // look at the descriptor it waits for. VIRTIO 1.2 §2.8.21.4.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    const std::uint16_t mode = driver_events_.load<std::uint16_t>(event_flags) & event_flags_mask;
    if (mode == EVENT_FLAGS_DISABLE) return false;
    if (mode != EVENT_FLAGS_DESC || !event_idx_) return true;
    const std::uint16_t wanted = driver_events_.load<std::uint16_t>(event_offset_wrap);
    std::uint16_t event = wanted & event_offset_mask;
    // An event on the lap before ours lies behind us by the size of the ring.
    if (((wanted >> event_wrap_shift) != 0) != next_used_.wrap) {
        event = static_cast<std::uint16_t>(event - size_);
    }
    const auto before = static_cast<std::uint16_t>(next_used_.at - published);
    return event_passed(event, next_used_.at, before);
}

void PackedRing::disable_kicks() {
    device_events_.store<std::uint16_t>(event_flags, EVENT_FLAGS_DISABLE);
    device_events_.mark_written(event_flags, sizeof(std::uint16_t));
}

bool PackedRing::enable_kicks() {
    if (event_idx_) {
        const unsigned wrap = next_available_.wrap ? 1u << event_wrap_shift : 0;
        device_events_.store<std::uint16_t>(event_offset_wrap,
                                            static_cast<std::uint16_t>(next_available_.at | wrap));
    }
    device_events_.mark_written(0, events_size);
    // Release keeps the offset before the mode that makes the driver use it.
    device_events_.store<std::uint16_t>(
        event_flags, event_idx_ ? EVENT_FLAGS_DESC : EVENT_FLAGS_ENABLE, std::memory_order_release);
    // Pairs with the driver's full barrier between writing a descriptor's flags and its look at
    // our event suppression.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    std::uint16_t flags = 0;
    return available(flags);
}

}  // namespace lkvm::virtio
