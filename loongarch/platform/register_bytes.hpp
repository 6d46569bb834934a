// SPDX-License-Identifier: GPL-2.0-or-later
// Partial access to 64-bit registers: byte lanes in little-endian order.
#pragma once

#include <cstdint>

namespace lkvm::la {

/// All ones in the low `size` bytes; size 1, 2, 4 or 8.
[[nodiscard]] constexpr std::uint64_t size_mask(unsigned size) {
    return UINT64_MAX >> (64 - 8 * size);
}

/// True for an access of 1, 2, 4 or 8 bytes at a multiple of its size.
[[nodiscard]] constexpr bool is_natural_access(std::uint64_t offset, unsigned size) {
    return (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0;
}

/// The bytes of `reg` that an access of `size` at `offset` (naturally aligned) sees.
[[nodiscard]] constexpr std::uint64_t read_lanes(std::uint64_t reg, std::uint64_t offset,
                                                 unsigned size) {
    return (reg >> (8 * (offset % 8))) & size_mask(size);
}

/// `value` moved to the lanes of the access, other lanes 0.
[[nodiscard]] constexpr std::uint64_t place_lanes(std::uint64_t offset, unsigned size,
                                                  std::uint64_t value) {
    return (value & size_mask(size)) << (8 * (offset % 8));
}

/// `reg` with the accessed lanes replaced.
[[nodiscard]] constexpr std::uint64_t write_lanes(std::uint64_t reg, std::uint64_t offset,
                                                  unsigned size, std::uint64_t value) {
    return (reg & ~place_lanes(offset, size, UINT64_MAX)) | place_lanes(offset, size, value);
}

}  // namespace lkvm::la
