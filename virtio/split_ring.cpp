// SPDX-License-Identifier: GPL-2.0-or-later
// Device side of a split virtqueue. VIRTIO 1.2 §2.7.
#include "virtio/split_ring.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstring>

namespace lkvm::virtio {

namespace {

constexpr std::uint32_t max_size = 32768;

// VIRTIO 1.2 §2.7.6 and §2.7.8: both rings start with flags and index.
constexpr std::size_t ring_flags = 0;
constexpr std::size_t ring_index = 2;
constexpr std::size_t ring_entries = 4;
constexpr std::size_t available_entry_size = 2;
constexpr std::size_t used_entry_size = 8;
constexpr std::size_t used_entry_length = 4;  // after the 32-bit id

constexpr std::uint16_t AVAIL_F_NO_INTERRUPT = 1;
constexpr std::uint16_t USED_F_NO_NOTIFY = 1;

constexpr std::size_t available_size(std::size_t entries) {
    return ring_entries + entries * available_entry_size + 2;  // used_event
}
constexpr std::size_t used_size(std::size_t entries) {
    return ring_entries + entries * used_entry_size + 2;  // avail_event
}
constexpr std::size_t used_event(std::size_t entries) {
    return ring_entries + entries * available_entry_size;
}
constexpr std::size_t avail_event(std::size_t entries) {
    return ring_entries + entries * used_entry_size;
}

/// A descriptor of an indirect table, which has no alignment of its own.
Result<Descriptor> read_indirect(const GuestMemory& memory, std::uint64_t table,
                                 std::uint32_t index) {
    const std::uint64_t offset = std::uint64_t{index} * descriptor::size;
    const auto where = checked_add(Gpa{table}, offset);
    if (!where.has_value()) return fail(ErrorCode::out_of_range);
    std::array<std::byte, descriptor::size> bytes;
    LKVM_TRY(memory.read_bytes(*where, bytes));
    const auto field = [&bytes]<class T>(std::size_t at, T value) {
        std::memcpy(&value, bytes.data() + at, sizeof(value));
        return value;
    };
    return Descriptor{field(descriptor::address, Le64{}), field(descriptor::length, Le32{}),
                      field(descriptor::split_flags, Le16{}),
                      field(descriptor::split_next, Le16{})};
}

}  // namespace

/// Follows one chain through the ring's table and at most one indirect table.
class SplitRing::Walk {
public:
    Walk(const SplitRing& ring, std::span<Segment> storage)
        : ring_(ring)
        , builder_(*ring.memory_, storage)
        , budget_(step_budget(ring.size_, storage.size())) {}

    Result<DescriptorChain> run(std::uint16_t head) {
        std::uint32_t at = head;
        while (true) {
            if (at >= table_size()) return fail(ErrorCode::bad_format, at);
            if (budget_-- == 0) return fail(ErrorCode::bad_format, at);
            const Descriptor found = LKVM_TRY(read(at));
            if ((found.flags & descriptor::F_INDIRECT) != 0) {
                LKVM_TRY(enter(found));
                at = 0;
                continue;
            }
            LKVM_TRY(builder_.add(found.address, found.length,
                                  (found.flags & descriptor::F_WRITE) != 0));
            if ((found.flags & descriptor::F_NEXT) == 0) break;
            at = found.next_or_id;
        }
        return builder_.finish(head, 1);
    }

private:
    [[nodiscard]] std::uint32_t table_size() const {
        return in_table_ ? table_entries_ : ring_.size_;
    }

    Result<Descriptor> read(std::uint32_t at) const {
        if (in_table_) return read_indirect(*ring_.memory_, table_, at);
        const std::size_t base = at * descriptor::size;
        const RingArea& area = ring_.descriptors_;
        return Descriptor{area.load<std::uint64_t>(base + descriptor::address),
                          area.load<std::uint32_t>(base + descriptor::length),
                          area.load<std::uint16_t>(base + descriptor::split_flags),
                          area.load<std::uint16_t>(base + descriptor::split_next)};
    }

    /// VIRTIO 1.2 §2.7.5.3: one level, nothing after it, whole descriptors.
    Result<> enter(const Descriptor& found) {
        const bool allowed = ring_.indirect_ && !in_table_ &&
                             (found.flags & descriptor::F_NEXT) == 0 && found.length != 0 &&
                             found.length % descriptor::size == 0;
        if (!allowed) return fail(ErrorCode::bad_format);
        in_table_ = true;
        table_ = found.address;
        table_entries_ = static_cast<std::uint32_t>(found.length / descriptor::size);
        return {};
    }

    const SplitRing& ring_;
    ChainBuilder builder_;
    std::size_t budget_;
    bool in_table_ = false;
    std::uint64_t table_ = 0;
    std::uint32_t table_entries_ = 0;
};

Result<SplitRing> SplitRing::create(const GuestMemory& memory, const RingConfig& config) {
    // VIRTIO 1.2 §2.7: the queue size is a power of two; alignments are those of the table there.
    if (!std::has_single_bit(config.size) || config.size > max_size) {
        return fail(ErrorCode::invalid_argument);
    }
    SplitRing ring;
    ring.memory_ = &memory;
    ring.size_ = config.size;
    ring.indirect_ = config.indirect;
    ring.event_idx_ = config.event_idx;
    ring.descriptors_ =
        LKVM_TRY(RingArea::map(memory, config.descriptors, config.size * descriptor::size, 16));
    ring.available_ =
        LKVM_TRY(RingArea::map(memory, config.driver, available_size(config.size), 2));
    ring.used_ = LKVM_TRY(RingArea::map(memory, config.device, used_size(config.size), 4));
    return ring;
}

std::uint16_t SplitRing::available_index() const {
    // Acquire pairs with the driver's barrier before it moves the index: entries and descriptors
    // below it are visible.
    return available_.load<std::uint16_t>(ring_index, std::memory_order_acquire);
}

Result<std::optional<DescriptorChain>> SplitRing::pop(std::span<Segment> storage) {
    const std::uint16_t pending = static_cast<std::uint16_t>(available_index() - next_available_);
    if (pending == 0) return std::optional<DescriptorChain>{};
    if (pending > size_) return fail(ErrorCode::bad_format, pending);
    const std::uint16_t head = available_.load<std::uint16_t>(
        ring_entries + std::size_t{index(next_available_)} * available_entry_size);
    DescriptorChain chain = LKVM_TRY(Walk(*this, storage).run(head));
    ++next_available_;
    return std::optional<DescriptorChain>{std::move(chain)};
}

void SplitRing::push_used(std::span<const UsedChain> chains) {
    for (const UsedChain& used : chains) {
        const std::size_t entry = ring_entries + std::size_t{index(next_used_)} * used_entry_size;
        used_.store<std::uint32_t>(entry, used.chain.id_);
        used_.store<std::uint32_t>(entry + used_entry_length, used.written);
        used_.mark_written(entry, used_entry_size);
        ++next_used_;
    }
    used_.mark_written(ring_index, sizeof(std::uint16_t));
    // Release pairs with the driver's barrier after it read the index: the elements above and all
    // data of the chains are visible.
    used_.store<std::uint16_t>(ring_index, next_used_, std::memory_order_release);
}

bool SplitRing::should_notify() {
    if (notified_used_ == next_used_) return false;
    const std::uint16_t before = notified_used_;
    notified_used_ = next_used_;
    // Pairs with the driver's full barrier between enabling interrupts (used_event or flags) and
    // its last look at the used index: one of us sees the other's store. VIRTIO 1.2 §2.7.7.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (event_idx_) {
        return event_passed(available_.load<std::uint16_t>(used_event(size_)), next_used_, before);
    }
    return (available_.load<std::uint16_t>(ring_flags) & AVAIL_F_NO_INTERRUPT) == 0;
}

void SplitRing::disable_kicks() {
    // With event indices a stale avail_event already silences the driver until 65536 entries on.
    if (event_idx_) return;
    used_.store<std::uint16_t>(ring_flags, USED_F_NO_NOTIFY);
    used_.mark_written(ring_flags, sizeof(std::uint16_t));
}

bool SplitRing::enable_kicks() {
    if (event_idx_) {
        used_.store<std::uint16_t>(avail_event(size_), next_available_);
        used_.mark_written(avail_event(size_), sizeof(std::uint16_t));
    } else {
        used_.store<std::uint16_t>(ring_flags, 0);
        used_.mark_written(ring_flags, sizeof(std::uint16_t));
    }
    // Pairs with the driver's full barrier between moving the available index and its look at
    // avail_event or flags. VIRTIO 1.2 §2.7.10.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return available_index() != next_available_;
}

}  // namespace lkvm::virtio
