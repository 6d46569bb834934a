// SPDX-License-Identifier: GPL-2.0-or-later
// The form in which fp_soft computes: sign, exponent and a 64-bit significand of any format.
// Only fp_soft*.cpp includes this.
#pragma once

#include <bit>
#include <cstdint>

#include "loongarch/soft/fp_format.hpp"
#include "loongarch/soft/fp_soft.hpp"

namespace lkvm::la::fp {

__extension__ using Wide = unsigned __int128;

/// `value >> distance` with every bit that falls out kept as a one in bit 0.
template<class Integer>
[[nodiscard]] constexpr Integer shift_right_sticky(Integer value, int distance) {
    constexpr int width = static_cast<int>(sizeof(Integer) * 8);
    if (distance <= 0) return value;
    if (distance >= width) return value != 0 ? 1 : 0;
    const Integer lost = value << (width - distance);
    return (value >> distance) | (lost != 0 ? 1U : 0U);
}

enum class Kind : std::uint8_t { zero, number, infinity, nan };

/// A number is (-1)^sign * fraction * 2^(exponent - 63) with bit 63 of fraction set. Of a NaN,
/// fraction holds the trailing significand field left-aligned below bit 63.
struct Unpacked {
    Kind kind = Kind::zero;
    bool sign = false;
    int exponent = 0;
    std::uint64_t fraction = 0;

    static constexpr std::uint64_t quiet_bit = 1ULL << 62;

    [[nodiscard]] bool is_zero() const { return kind == Kind::zero; }
    [[nodiscard]] bool is_infinity() const { return kind == Kind::infinity; }
    [[nodiscard]] bool is_nan() const { return kind == Kind::nan; }
    [[nodiscard]] bool is_signaling() const { return is_nan() && (fraction & quiet_bit) == 0; }
};

/// The number (-1)^sign * fraction * 2^(exponent - 63), any fraction but 0.
[[nodiscard]] inline Unpacked normalized(bool sign, int exponent, std::uint64_t fraction) {
    const int zeros = std::countl_zero(fraction);
    return {Kind::number, sign, exponent - zeros, fraction << zeros};
}

template<class Bits>
[[nodiscard]] Unpacked unpack(Bits a) {
    using F = Format<Bits>;
    const bool sign = F::is_negative(a);
    const std::uint64_t magnitude = F::magnitude(a);
    const int exponent = static_cast<int>(magnitude >> F::fraction_bits);
    const std::uint64_t field = (magnitude << (63 - F::fraction_bits)) & ~(1ULL << 63);
    if (exponent == F::special_exponent) {
        const Kind kind = field == 0 ? Kind::infinity : Kind::nan;
        return {kind, sign, 0, field};
    }
    if (exponent != 0) return {Kind::number, sign, exponent - F::bias, field | 1ULL << 63};
    if (field == 0) return {Kind::zero, sign, 0, 0};
    return normalized(sign, 1 - F::bias, field);
}

template<class Bits>
[[nodiscard]] Bits pack_zero(bool sign) {
    return sign ? Format<Bits>::sign_mask : Bits{0};
}
template<class Bits>
[[nodiscard]] Bits pack_infinity(bool sign) {
    return static_cast<Bits>(pack_zero<Bits>(sign) | Format<Bits>::infinity);
}
/// The NaN made quiet; a narrower format drops low payload bits.
template<class Bits>
[[nodiscard]] Bits pack_nan(const Unpacked& a) {
    using F = Format<Bits>;
    const auto payload = static_cast<Bits>(a.fraction >> (63 - F::fraction_bits));
    return static_cast<Bits>(pack_zero<Bits>(a.sign) | F::default_nan | payload);
}
template<class Bits>
[[nodiscard]] Bits invalid_result(Environment& env) {
    env.raise(invalid);
    return Format<Bits>::default_nan;
}

/// Whether rounding `kept` + `rest`/2^k away from zero is right; `half` is 2^(k-1).
template<class Integer>
[[nodiscard]] bool rounds_away(Rounding rounding, bool sign, bool odd, Integer rest, Integer half) {
    switch (rounding) {
        case Rounding::nearest_even:
            return rest > half || (rest == half && odd);
        case Rounding::up:
            return !sign && rest != 0;
        case Rounding::down:
            return sign && rest != 0;
        case Rounding::toward_zero:
            break;
    }
    return false;
}

/// Rounds a number whose fraction carries a sticky bit in bit 0 to Bits; tininess is detected
/// after rounding.
template<class Bits>
[[nodiscard]] Bits round_pack(Environment& env, const Unpacked& a) {
    using F = Format<Bits>;
    constexpr int drop = 63 - F::fraction_bits;
    constexpr std::uint64_t rest_mask = (1ULL << drop) - 1;
    constexpr std::uint64_t half = 1ULL << (drop - 1);

    std::uint64_t fraction = a.fraction;
    int biased = a.exponent + F::bias;
    const auto away = [&](std::uint64_t f) {
        return rounds_away(env.rounding, a.sign, ((f >> drop) & 1) != 0, f & rest_mask, half);
    };
    if (biased <= 0) {
        // Not tiny only if rounding to full precision would already reach the normal range.
        const bool reaches = away(fraction) && (fraction >> drop) == (~0ULL >> drop);
        const bool tiny = biased < 0 || !reaches;
        fraction = shift_right_sticky(fraction, 1 - biased);
        const std::uint64_t kept = (fraction >> drop) + (away(fraction) ? 1 : 0);
        if ((fraction & rest_mask) != 0) env.raise(tiny ? inexact | underflow : inexact);
        // A carry into the exponent field gives the smallest normal number, as it must.
        return static_cast<Bits>(pack_zero<Bits>(a.sign) | static_cast<Bits>(kept));
    }
    std::uint64_t kept = fraction >> drop;
    if ((fraction & rest_mask) != 0) {
        env.raise(inexact);
        if (away(fraction)) ++kept;
        if (kept >> (F::fraction_bits + 1) != 0) {
            kept >>= 1;
            ++biased;
        }
    }
    if (biased >= F::special_exponent) {
        env.raise(overflow | inexact);
        const bool to_infinity = rounds_away<std::uint64_t>(env.rounding, a.sign, true, 1, 1);
        return static_cast<Bits>(pack_infinity<Bits>(a.sign) - (to_infinity ? 0 : 1));
    }
    const auto exponent_field = static_cast<std::uint64_t>(biased - 1) << F::fraction_bits;
    return static_cast<Bits>(pack_zero<Bits>(a.sign) | static_cast<Bits>(exponent_field + kept));
}

/// NaN result of an operation with one, two or three operands, highest priority first.
template<class Bits, class... More>
[[nodiscard]] Bits propagate(Environment& env, const Unpacked& first, const More&... more) {
    const Unpacked* operands[] = {&first, &more...};
    for (const Unpacked* operand : operands) {
        if (operand->is_signaling()) {
            env.raise(invalid);
            return pack_nan<Bits>(*operand);
        }
    }
    for (const Unpacked* operand : operands) {
        if (operand->is_nan()) return pack_nan<Bits>(*operand);
    }
    return Format<Bits>::default_nan;
}

}  // namespace lkvm::la::fp
