// SPDX-License-Identifier: GPL-2.0-or-later
// Integers of fixed byte order for structures that a guest or a file shares with us.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <utility>

namespace lkvm {

template<std::unsigned_integral T>
[[nodiscard]] constexpr T swap_bytes(T value) {
    if constexpr (sizeof(T) == 1) {
        return value;
    } else if constexpr (sizeof(T) == 2) {
        return __builtin_bswap16(value);
    } else if constexpr (sizeof(T) == 4) {
        return __builtin_bswap32(value);
    } else {
        return __builtin_bswap64(value);
    }
}

/// An unsigned integer stored in `order`; alignment is that of the bytes it replaces on the wire.
template<std::unsigned_integral T, std::endian order>
class Endian {
public:
    constexpr Endian() = default;
    constexpr Endian(T value)
        : raw_(convert(value)) {}

    [[nodiscard]] constexpr T value() const { return convert(raw_); }
    constexpr operator T() const { return value(); }

    friend constexpr bool operator==(const Endian&, const Endian&) = default;
    template<std::integral U>
    friend constexpr bool operator==(const Endian& a, U b) {
        return std::cmp_equal(a.value(), b);
    }

private:
    static constexpr T convert(T value) {
        return order == std::endian::native ? value : swap_bytes(value);
    }

    T raw_ = 0;
};

using Le16 = Endian<std::uint16_t, std::endian::little>;
using Le32 = Endian<std::uint32_t, std::endian::little>;
using Le64 = Endian<std::uint64_t, std::endian::little>;
using Be32 = Endian<std::uint32_t, std::endian::big>;
using Be64 = Endian<std::uint64_t, std::endian::big>;

static_assert(sizeof(Le16) == 2 && sizeof(Le32) == 4 && sizeof(Le64) == 8);

}  // namespace lkvm
