// SPDX-License-Identifier: GPL-2.0-or-later
// A part of a ring in guest memory, read and written a field at a time while the guest does so too.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>
#include <lkvm/gpa.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

namespace lkvm::virtio {

/// View of `size` bytes in one bank, aligned as the ring wants. The one kind of reference into
/// guest memory that lives longer than a function (style §5). Fields are little-endian and
/// naturally aligned; every access is an atomic one of exactly that field.
class RingArea {
public:
    RingArea() = default;

    /// Errors: `misaligned`, `out_of_range`.
    [[nodiscard]] static Result<RingArea> map(const GuestMemory& memory, Gpa base,
                                              std::uint64_t size, std::uint64_t alignment) {
        if (base.value % alignment != 0) return fail(ErrorCode::misaligned);
        RingArea area;
        area.bytes_ = LKVM_TRY(memory.slice(base, size));
        area.base_ = base;
        area.memory_ = &memory;
        return area;
    }

    template<class T>
    [[nodiscard]] T load(std::size_t offset,
                         std::memory_order order = std::memory_order_relaxed) const {
        const T raw = std::atomic_ref<T>(field<T>(offset)).load(order);
        return from_little(raw);
    }

    template<class T>
    void store(std::size_t offset, T value,
               std::memory_order order = std::memory_order_relaxed) const {
        std::atomic_ref<T>(field<T>(offset)).store(from_little(value), order);
    }

    /// For the write observer; before the store that makes the guest look.
    void mark_written(std::size_t offset, std::size_t size) const {
        memory_->mark_written(Gpa{base_.value + offset}, size);
    }

private:
    template<class T>
    static T from_little(T value) {
        return std::endian::native == std::endian::little ? value : swap_bytes(value);
    }

    template<class T>
    [[nodiscard]] T& field(std::size_t offset) const {
        LKVM_ASSERT(offset <= bytes_.size() && sizeof(T) <= bytes_.size() - offset);
        // Aligned: banks are mapped at page borders, map() checked the base, and every offset in
        // the ring layouts is a multiple of its field's size. The bytes are only ever accessed
        // through atomics of this type by us, and by the guest.
        return *reinterpret_cast<T*>(bytes_.data() + offset);
    }

    std::span<std::byte> bytes_;
    Gpa base_;
    const GuestMemory* memory_ = nullptr;
};

/// Contents of one descriptor of either ring format, copied out.
struct Descriptor {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    std::uint16_t flags = 0;
    std::uint16_t next_or_id = 0;  ///< split: next index; packed: buffer ID
};

/// A descriptor on the wire; the two formats differ in the order of the last two fields.
/// VIRTIO 1.2 §2.7.5, §2.8.13.
namespace descriptor {

inline constexpr std::size_t size = 16;
inline constexpr std::size_t address = 0;
inline constexpr std::size_t length = 8;
inline constexpr std::size_t split_flags = 12;
inline constexpr std::size_t split_next = 14;
inline constexpr std::size_t packed_id = 12;
inline constexpr std::size_t packed_flags = 14;

inline constexpr std::uint16_t F_NEXT = 1;
inline constexpr std::uint16_t F_WRITE = 2;
inline constexpr std::uint16_t F_INDIRECT = 4;
inline constexpr std::uint16_t F_AVAIL = 1 << 7;  // packed
inline constexpr std::uint16_t F_USED = 1 << 15;  // packed

}  // namespace descriptor

/// What the transport knows when a driver enables a queue.
struct RingConfig {
    std::uint16_t size = 0;  ///< entries, at least 1
    Gpa descriptors;
    Gpa driver;  ///< available ring, or driver event suppression
    Gpa device;  ///< used ring, or device event suppression
    bool indirect = false;
    bool event_idx = false;
};

/// Most descriptors to look at for one chain. By VIRTIO 1.2 §2.7.5.3.1 the size of the queue, but
/// Linux builds longer indirect chains when the queue is short.
[[nodiscard]] constexpr std::size_t step_budget(std::uint16_t queue_size, std::size_t storage) {
    return storage > queue_size ? storage : queue_size;
}

/// Whether the step from `old_index` to `new_index` passed what the other side asked to be told
/// about. VIRTIO 1.2 §2.7.10, modulo 65536.
[[nodiscard]] constexpr bool event_passed(std::uint16_t event, std::uint16_t new_index,
                                          std::uint16_t old_index) {
    return static_cast<std::uint16_t>(new_index - event - 1) <
           static_cast<std::uint16_t>(new_index - old_index);
}

}  // namespace lkvm::virtio
