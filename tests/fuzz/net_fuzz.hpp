// SPDX-License-Identifier: GPL-2.0-or-later
// The form of net_fuzz's inputs: 64 bits of features, then steps, each a byte and its arguments.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lkvm/gpa.hpp>

namespace lkvm::fuzz {

enum class NetStep : std::uint8_t {
    store,    ///< Le16 place in RAM / 16, byte count, bytes: the driver writes memory
    kick,     ///< byte: of this queue
    arrive,   ///< header, Le16 size, byte: a frame full of it comes from the host
    busy,     ///< the host takes no frames, or takes them again
    write,    ///< byte register / 4, Le32 value
    restart,  ///< Le64 features: reset and set up again
    count
};

inline constexpr Gpa net_ram{0x90000000};
inline constexpr std::size_t net_ram_size = 0x40000;
inline constexpr unsigned net_ring_size = 16;
inline constexpr std::uint64_t net_driver_offset = 0x400;
inline constexpr std::uint64_t net_device_offset = 0x800;

[[nodiscard]] constexpr Gpa net_ring(unsigned queue) {
    return Gpa{net_ram.value + queue * std::uint64_t{0x1000}};
}

}  // namespace lkvm::fuzz
