// SPDX-License-Identifier: GPL-2.0-or-later
// A buffer that the driver offered: its pieces, and cursors to read and write them. VIRTIO 1.2
// §2.6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include <lkvm/assert.hpp>
#include <lkvm/gpa.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/host_buffer.hpp>
#include <lkvm/result.hpp>

namespace lkvm::virtio {

/// One piece of a buffer: at least one byte, checked to lie inside one RAM bank.
struct Segment {
    // No initializers: devices keep room for many of them and touch only what a chain needs.
    std::uint64_t address;
    std::uint32_t length;

    [[nodiscard]] constexpr Gpa where() const { return Gpa{address}; }
};
static_assert(std::is_trivially_default_constructible_v<Segment>);

/// A chain taken from a queue. Whoever holds it gives it back to that queue's complete() exactly
/// once. The segments live in storage of the device and are a copy that the guest cannot change;
/// the bytes they name are the guest's. Owner thread of the queue.
class [[nodiscard]] DescriptorChain {
public:
    /// Nothing; assign to it.
    DescriptorChain() = default;
    DescriptorChain(DescriptorChain&& other) noexcept { take(other); }
    DescriptorChain& operator=(DescriptorChain&& other) noexcept {
        LKVM_ASSERT(!live_);
        take(other);
        return *this;
    }
    DescriptorChain(const DescriptorChain&) = delete;
    DescriptorChain& operator=(const DescriptorChain&) = delete;
    ~DescriptorChain() { LKVM_ASSERT(!live_); }

    /// True from pop() to complete().
    [[nodiscard]] bool live() const { return live_; }
    /// What the driver wrote for the device, then what the device may write.
    [[nodiscard]] std::span<const Segment> readable() const { return readable_; }
    [[nodiscard]] std::span<const Segment> writable() const { return writable_; }
    /// Bytes of each part; the sum fits 32 bits.
    [[nodiscard]] std::uint32_t readable_bytes() const { return readable_bytes_; }
    [[nodiscard]] std::uint32_t writable_bytes() const { return writable_bytes_; }

private:
    friend class ChainBuilder;
    friend class SplitRing;
    friend class PackedRing;
    friend class Queue;

    void take(DescriptorChain& other) noexcept {
        readable_ = other.readable_;
        writable_ = other.writable_;
        readable_bytes_ = other.readable_bytes_;
        writable_bytes_ = other.writable_bytes_;
        id_ = other.id_;
        descriptors_ = other.descriptors_;
        steps_ = other.steps_;
        live_ = other.live_;
        other.live_ = false;
    }

    std::span<const Segment> readable_;
    std::span<const Segment> writable_;
    std::uint32_t readable_bytes_ = 0;
    std::uint32_t writable_bytes_ = 0;
    std::uint16_t id_ = 0;           // head index, or buffer ID of a packed ring
    std::uint16_t descriptors_ = 0;  // ring entries it took from a packed ring
    std::uint16_t steps_ = 0;        // descriptors looked at, empty ones too
    bool live_ = false;
};

/// A chain and what its completion says.
struct UsedChain {
    DescriptorChain chain;
    std::uint32_t written = 0;  ///< bytes from the start of the writable part
};

/// Collects the segments of one chain and enforces the rules about them.
class ChainBuilder {
public:
    ChainBuilder(const GuestMemory& memory, std::span<Segment> storage)
        : memory_(memory)
        , storage_(storage) {}

    /// The next descriptor. Empty ones count for nothing, and a piece over the border of two
    /// banks that touch becomes two. Errors: `bad_format` (readable after writable, more than
    /// UINT32_MAX bytes in all), `out_of_range` (not in RAM), `too_many` (storage is full).
    [[nodiscard]] Result<> add(std::uint64_t address, std::uint32_t length, bool writable);

    [[nodiscard]] DescriptorChain finish(std::uint16_t id, std::uint16_t descriptors) const;

private:
    const GuestMemory& memory_;
    std::span<Segment> storage_;
    std::size_t count_ = 0;
    std::uint16_t steps_ = 0;  // a budget for them fits
    std::size_t readable_count_ = 0;
    std::uint32_t readable_bytes_ = 0;
    std::uint32_t writable_bytes_ = 0;
    bool writable_seen_ = false;
};

/// Position in the bytes of a list of segments, whatever the cuts between them.
class SegmentCursor {
public:
    SegmentCursor(const GuestMemory& memory, std::span<const Segment> segments)
        : memory_(memory)
        , segments_(segments) {}

    [[nodiscard]] std::uint64_t remaining() const;
    /// Moves on by up to `count` bytes; returns how many there were.
    std::uint64_t skip(std::uint64_t count);
    /// Host memory of the next `count` bytes, or fewer if the segments or `out` end before. Moves
    /// on; returns the used part of `out` and how many bytes it covers. For I/O straight from or
    /// to RAM: the pieces are valid as long as the chain is held.
    struct Buffers {
        std::span<const HostBuffer> pieces;
        std::uint64_t bytes = 0;
    };
    Buffers take(std::uint64_t count, std::span<HostBuffer> out);

protected:
    /// The next bytes that lie in one piece, at most `limit`; empty at the end. Moves on.
    std::span<std::byte> next(std::uint64_t limit);

private:
    const GuestMemory& memory_;
    std::span<const Segment> segments_;
    std::uint32_t offset_ = 0;  // into the first segment, less than its length
};

/// Copies out of the readable part.
class ChainReader : public SegmentCursor {
public:
    ChainReader(const GuestMemory& memory, const DescriptorChain& chain)
        : SegmentCursor(memory, chain.readable()) {}

    /// Fills `to` from the front; returns how many bytes there were.
    std::size_t read(std::span<std::byte> to);

    /// A structure, or nothing if the chain ends before it does.
    template<class T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] std::optional<T> read() {
        T value{};
        if (read(std::as_writable_bytes(std::span{&value, 1})) != sizeof(T)) return std::nullopt;
        return value;
    }
};

/// Copies into the writable part. Queue::complete() announces the bytes to GuestMemory.
class ChainWriter : public SegmentCursor {
public:
    ChainWriter(const GuestMemory& memory, const DescriptorChain& chain)
        : SegmentCursor(memory, chain.writable()) {}

    /// Returns how many bytes fitted.
    std::size_t write(std::span<const std::byte> from);
    /// Up to `count` zero bytes; returns how many fitted.
    std::uint64_t write_zeroes(std::uint64_t count);

    template<class T>
        requires std::is_trivially_copyable_v<T>
    [[nodiscard]] bool write(const T& value) {
        return write(std::as_bytes(std::span{&value, 1})) == sizeof(T);
    }
    /// The next bytes in place, at most `limit`, to be filled by the caller; empty at the end.
    std::span<std::byte> window(std::uint64_t limit) { return next(limit); }
};

}  // namespace lkvm::virtio
