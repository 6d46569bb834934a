// SPDX-License-Identifier: GPL-2.0-or-later
// Driver's side of a split virtqueue of the board. VIRTIO 1.2 §2.7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/endian.hpp>
#include <lkvm/host_buffer.hpp>
#include <lkvm/result.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/driver/registers.hpp"

namespace lkvm::hv {

/// One piece of a request. The device reads it or writes it.
struct DmaPiece {
    std::byte* data = nullptr;
    std::size_t size = 0;
    bool device_writes = false;
};

/// A ring of `size` requests, each an indirect table of up to `table_size` pieces. Not locked.
class Virtqueue {
public:
    static constexpr std::uint16_t size = 32;
    static constexpr std::uint16_t table_size = 132;

    Virtqueue() = default;
    Virtqueue(const Virtqueue&) = delete;
    Virtqueue& operator=(const Virtqueue&) = delete;

    /// Memory for ring and tables. Errors: those of Arena.
    [[nodiscard]] Result<> create(Arena& arena, BusAddress bus);
    /// Places of the three parts, for the device's registers.
    [[nodiscard]] std::uint64_t descriptors() const { return bus_(descriptors_); }
    [[nodiscard]] std::uint64_t driver_area() const { return bus_(available_); }
    [[nodiscard]] std::uint64_t device_area() const { return bus_(used_); }

    /// The slot that add() takes, below `size`; fewer than `size` requests are under way.
    [[nodiscard]] std::uint16_t next_slot() const;
    /// Starts a request in next_slot(). At most table_size pieces, those that the device reads
    /// first.
    void add(std::span<const DmaPiece> pieces);
    /// Whether the device wants a kick for what was added.
    [[nodiscard]] bool wants_kick() const;
    /// The slot of a request that is done, or nothing. A device that names another is broken:
    /// is_broken() from then on.
    [[nodiscard]] std::optional<std::uint16_t> poll();
    /// Bytes that the device says it wrote for the request that poll() returned last.
    [[nodiscard]] std::uint32_t last_length() const { return last_length_; }
    [[nodiscard]] bool is_broken() const { return broken_; }
    [[nodiscard]] unsigned in_flight() const { return in_flight_; }

private:
    struct Descriptor {
        Le64 address;
        Le32 length;
        Le16 flags;
        Le16 next;
    };
    static_assert(sizeof(Descriptor) == 16);
    struct Available;
    struct Used;

    BusAddress bus_ = nullptr;
    Descriptor* descriptors_ = nullptr;
    Descriptor* tables_ = nullptr;
    Available* available_ = nullptr;
    Used* used_ = nullptr;
    std::uint32_t busy_ = 0;  // bit n: slot n is under way
    std::uint16_t next_available_ = 0;
    std::uint16_t next_used_ = 0;
    unsigned in_flight_ = 0;
    std::uint32_t last_length_ = 0;
    bool broken_ = false;

    static_assert(size == 32, "busy_ has a bit per slot");
};

}  // namespace lkvm::hv
