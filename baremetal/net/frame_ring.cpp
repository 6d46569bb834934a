// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/frame_ring.hpp"

#include <bit>
#include <cstring>

#include <lkvm/assert.hpp>

#include "baremetal/net/checksum.hpp"

namespace lkvm::hv {

/// Before each frame. A record never wraps: `skip` records fill the end of the storage.
struct FrameRing::Record {
    std::uint32_t length = 0;  ///< of the frame, or `skip`
    NetHeader header;
};

namespace {

constexpr std::uint32_t skip = UINT32_MAX;
constexpr std::size_t record_size = 16;

constexpr std::size_t round_up(std::size_t size) {
    return (size + (record_size - 1)) & ~(record_size - 1);
}

static_assert(FrameRing::min_size >= 2 * (round_up(max_frame_size) + record_size));

}  // namespace

void FrameRing::connect(std::span<std::byte> storage) {
    static_assert(sizeof(Record) == record_size);
    LKVM_ASSERT(storage.size() >= min_size && std::has_single_bit(storage.size()));
    LKVM_ASSERT(reinterpret_cast<std::uintptr_t>(storage.data()) % record_size == 0);
    storage_ = storage;
}

FrameRing::Record& FrameRing::record_at(std::uint64_t position) const {
    // The storage is aligned for records and holds nothing else at multiples of their size.
    return *reinterpret_cast<Record*>(storage_.data() + (position & (storage_.size() - 1)));
}

bool FrameRing::push(const NetHeader& header, std::span<const HostBuffer> pieces) {
    std::size_t length = 0;
    for (const HostBuffer& piece : pieces) length += piece.size;
    LKVM_ASSERT(length <= max_frame_size);
    const std::size_t needed = record_size + round_up(length);
    const SpinGuard guard{writers_};
    std::uint64_t position = written_.load(std::memory_order_relaxed);
    // Acquire pairs with the release in pop(): the reader is done with what is overwritten.
    const std::uint64_t in_use = position - read_.load(std::memory_order_acquire);
    const std::size_t to_end = storage_.size() - (position & (storage_.size() - 1));
    const std::size_t skipped = needed > to_end ? to_end : 0;
    if (needed + skipped > storage_.size() - in_use) return false;
    if (skipped != 0) {
        record_at(position).length = skip;
        position += skipped;
    }
    Record& record = record_at(position);
    record.length = static_cast<std::uint32_t>(length);
    record.header = header;
    std::byte* to = storage_.data() + (position & (storage_.size() - 1)) + record_size;
    for (const HostBuffer& piece : pieces) {
        std::memcpy(to, piece.data, piece.size);
        to += piece.size;
    }
    // Release pairs with the acquire in front(). Sequentially consistent so that a reader that
    // goes to sleep and a writer that rings cannot miss each other.
    written_.store(position + needed, std::memory_order_seq_cst);
    return true;
}

bool FrameRing::empty() const {
    return written_.load(std::memory_order_seq_cst) == read_.load(std::memory_order_relaxed);
}

std::uint64_t FrameRing::front_position() const {
    const std::uint64_t position = read_.load(std::memory_order_relaxed);
    if (record_at(position).length != skip) return position;
    // A frame follows: both were published together.
    return position + (storage_.size() - (position & (storage_.size() - 1)));
}

std::optional<NetFrame> FrameRing::front() const {
    if (empty()) return std::nullopt;
    const Record& record = record_at(front_position());
    const auto* const bytes = reinterpret_cast<const std::byte*>(&record) + record_size;
    return NetFrame{record.header, {bytes, record.length}};
}

void FrameRing::complete_front() {
    if (empty()) return;
    Record& record = record_at(front_position());
    auto* const bytes = reinterpret_cast<std::byte*>(&record) + record_size;
    // A checksum outside the frame is as good as none: the receiver throws it away.
    static_cast<void>(complete_checksum(record.header, {bytes, record.length}));
    record.header.flags =
        static_cast<std::uint8_t>(record.header.flags & ~net_header::F_NEEDS_CSUM);
}

void FrameRing::pop() {
    if (empty()) return;
    const std::uint64_t position = front_position();
    const std::uint64_t next = position + record_size + round_up(record_at(position).length);
    read_.store(next, std::memory_order_release);
}

}  // namespace lkvm::hv
