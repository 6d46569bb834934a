// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/driver/virtqueue.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstring>

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

constexpr std::uint16_t flag_next = 1;
constexpr std::uint16_t flag_write = 2;
constexpr std::uint16_t flag_indirect = 4;
constexpr std::uint16_t no_interrupt = 1;  // in the driver area: requests are polled for
constexpr std::uint16_t no_notify = 1;     // in the device area

}  // namespace

// Little-endian, as this program's CPU is.
static_assert(std::endian::native == std::endian::little);

struct Virtqueue::Available {
    std::uint16_t flags;
    std::uint16_t index;
    std::array<Le16, size> ring;
};

struct Virtqueue::Used {
    struct Element {
        Le32 id;
        Le32 length;
    };
    std::uint16_t flags;
    std::uint16_t index;
    std::array<Element, size> ring;
};

Result<> Virtqueue::create(Arena& arena, BusAddress bus) {
    bus_ = bus;
    const auto ring = LKVM_TRY(arena.bytes(sizeof(Descriptor) * size, 16));
    const auto tables = LKVM_TRY(arena.bytes(sizeof(Descriptor) * size * table_size, 16));
    const auto available = LKVM_TRY(arena.bytes(sizeof(Available), 16));
    const auto used = LKVM_TRY(arena.bytes(sizeof(Used), 16));
    for (const auto part : {ring, tables, available, used}) {
        std::memset(part.data(), 0, part.size());
    }
    // Aligned and cleared; plain data in the device's format.
    descriptors_ = reinterpret_cast<Descriptor*>(ring.data());
    tables_ = reinterpret_cast<Descriptor*>(tables.data());
    available_ = reinterpret_cast<Available*>(available.data());
    used_ = reinterpret_cast<Used*>(used.data());
    available_->flags = no_interrupt;
    return {};
}

std::uint16_t Virtqueue::next_slot() const {
    LKVM_ASSERT(in_flight_ < size);
    return static_cast<std::uint16_t>(std::countr_one(busy_));
}

void Virtqueue::add(std::span<const DmaPiece> pieces) {
    LKVM_ASSERT(!pieces.empty() && pieces.size() <= table_size);
    const std::uint16_t slot = next_slot();
    Descriptor* const table = tables_ + std::size_t{slot} * table_size;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        const bool last = i + 1 == pieces.size();
        std::uint16_t flags = last ? 0 : flag_next;
        if (pieces[i].device_writes) flags = static_cast<std::uint16_t>(flags | flag_write);
        table[i].address = bus_(pieces[i].data);
        table[i].length = static_cast<std::uint32_t>(pieces[i].size);
        table[i].flags = flags;
        table[i].next = static_cast<std::uint16_t>(last ? 0 : i + 1);
    }
    descriptors_[slot].address = bus_(table);
    descriptors_[slot].length = static_cast<std::uint32_t>(pieces.size() * sizeof(Descriptor));
    descriptors_[slot].flags = flag_indirect;
    descriptors_[slot].next = std::uint16_t{0};
    busy_ |= 1u << slot;
    ++in_flight_;
    available_->ring[next_available_ % size] = slot;
    ++next_available_;
    // The device finds the request complete when it sees the index. VIRTIO 1.2 §2.7.13.
    std::atomic_ref{available_->index}.store(next_available_, std::memory_order_release);
    // Between publishing and looking whether the device wants to be told.
    std::atomic_thread_fence(std::memory_order_seq_cst);
}

bool Virtqueue::wants_kick() const {
    return (std::atomic_ref{used_->flags}.load(std::memory_order_relaxed) & no_notify) == 0;
}

std::optional<std::uint16_t> Virtqueue::poll() {
    if (broken_) return std::nullopt;
    // Acquire: what the device wrote before the index is visible behind it.
    const auto index = std::atomic_ref{used_->index}.load(std::memory_order_acquire);
    if (index == next_used_) return std::nullopt;
    const std::uint32_t slot = used_->ring[next_used_ % size].id;
    if (slot >= size || (busy_ >> slot & 1) == 0) {
        broken_ = true;
        return std::nullopt;
    }
    last_length_ = used_->ring[next_used_ % size].length;
    ++next_used_;
    busy_ &= ~(1u << slot);
    --in_flight_;
    return static_cast<std::uint16_t>(slot);
}

}  // namespace lkvm::hv
