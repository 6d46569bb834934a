// SPDX-License-Identifier: GPL-2.0-or-later
// Bit layout of the floating-point formats and of FCSR. LA Vol.1 §3.1.1, §3.1.4.2.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <limits>

namespace lkvm::la::fp {

/// Exception bits as they stand in each of FCSR's Enables, Flags and Cause fields.
enum : std::uint32_t {
    inexact = 1,
    underflow = 2,
    overflow = 4,
    divide_by_zero = 8,
    invalid = 16,
};

/// FCSR.RM.
enum class Rounding : std::uint8_t { nearest_even = 0, toward_zero = 1, up = 2, down = 3 };

namespace fcsr {
inline constexpr std::uint32_t enables_mask = 0x1f;
inline constexpr unsigned rounding_shift = 8;
inline constexpr std::uint32_t rounding_mask = 3U << rounding_shift;
inline constexpr unsigned flags_shift = 16;
inline constexpr std::uint32_t flags_mask = 0x1fU << flags_shift;
inline constexpr unsigned cause_shift = 24;
inline constexpr std::uint32_t cause_mask = 0x1fU << cause_shift;

/// What each of fcsr0 to fcsr3 shows of FCSR. Bits that are not defined keep what was written.
inline constexpr std::uint32_t view_mask[4] = {
    0xffff'ffff,
    enables_mask,
    flags_mask | cause_mask,
    rounding_mask,
};
}  // namespace fcsr

[[nodiscard]] constexpr Rounding rounding_of(std::uint32_t fcsr) {
    return static_cast<Rounding>((fcsr & fcsr::rounding_mask) >> fcsr::rounding_shift);
}

/// IEEE 754 interchange format whose encoding is the unsigned integer Bits.
template<std::unsigned_integral Bits>
struct Format {
    static constexpr int width = std::numeric_limits<Bits>::digits;
    static constexpr int fraction_bits = width == 16 ? 10 : width == 32 ? 23 : 52;
    static constexpr int exponent_bits = width - 1 - fraction_bits;
    static constexpr int bias = (1 << (exponent_bits - 1)) - 1;
    /// Biased exponent of infinities and NaNs.
    static constexpr int special_exponent = (1 << exponent_bits) - 1;

    static constexpr Bits sign_mask = static_cast<Bits>(Bits{1} << (width - 1));
    static constexpr Bits infinity =
        static_cast<Bits>(static_cast<Bits>(special_exponent) << fraction_bits);
    static constexpr Bits quiet_bit = static_cast<Bits>(Bits{1} << (fraction_bits - 1));
    static constexpr Bits default_nan = infinity | quiet_bit;
    static constexpr Bits smallest_normal = static_cast<Bits>(Bits{1} << fraction_bits);
    static constexpr Bits one = static_cast<Bits>(static_cast<Bits>(bias) << fraction_bits);

    [[nodiscard]] static constexpr Bits magnitude(Bits a) {
        return static_cast<Bits>(a & static_cast<Bits>(~sign_mask));
    }
    [[nodiscard]] static constexpr bool is_negative(Bits a) { return (a & sign_mask) != 0; }
    [[nodiscard]] static constexpr bool is_nan(Bits a) { return magnitude(a) > infinity; }
    [[nodiscard]] static constexpr bool is_signaling(Bits a) {
        return is_nan(a) && (a & quiet_bit) == 0;
    }
};

/// The host type of an encoding and back.
template<class Bits>
struct HostOf;
template<>
struct HostOf<std::uint32_t> {
    using Type = float;
};
template<>
struct HostOf<std::uint64_t> {
    using Type = double;
};
template<class Bits>
using Host = typename HostOf<Bits>::Type;

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559);

template<class Bits>
[[nodiscard]] constexpr Host<Bits> to_host(Bits a) {
    return std::bit_cast<Host<Bits>>(a);
}

}  // namespace lkvm::la::fp
