// SPDX-License-Identifier: GPL-2.0-or-later
// Integer IEEE 754 arithmetic: add, multiply, divide, square root, fused multiply-add.
#include "loongarch/soft/fp_soft.hpp"

#include <utility>

#include "loongarch/soft/fp_unpacked.hpp"

namespace lkvm::la::fp {
namespace {

/// A number whose leading bit is bit 126 or 125 of `fraction`.
struct WideNumber {
    bool sign;
    int exponent;  // of bit 126
    Wide fraction;
};

template<class Bits>
[[nodiscard]] Bits round_pack_wide(Environment& env, bool sign, int exponent, Wide fraction) {
    const auto high = static_cast<std::uint64_t>(fraction >> 64);
    const int zeros = high != 0 ? std::countl_zero(high)
                                : 64 + std::countl_zero(static_cast<std::uint64_t>(fraction));
    fraction <<= zeros;
    const auto low = static_cast<std::uint64_t>(fraction);
    const std::uint64_t top = static_cast<std::uint64_t>(fraction >> 64) | (low != 0 ? 1 : 0);
    return round_pack<Bits>(env, {Kind::number, sign, exponent + 1 - zeros, top});
}

/// a + b exactly, then rounded once. Bit 127 of both fractions is free for the carry, and at least
/// two low bits are, so that a sticky bit is enough for what alignment shifts out.
template<class Bits>
[[nodiscard]] Bits add_wide(Environment& env, WideNumber a, WideNumber b) {
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.fraction < b.fraction)) {
        std::swap(a, b);
    }
    b.fraction = shift_right_sticky(b.fraction, a.exponent - b.exponent);
    if (a.sign == b.sign) {
        return round_pack_wide<Bits>(env, a.sign, a.exponent, a.fraction + b.fraction);
    }
    const Wide difference = a.fraction - b.fraction;
    if (difference == 0) return pack_zero<Bits>(env.rounding == Rounding::down);
    // The larger exponent need not have the larger fraction once leading bits differ in place.
    if (difference >> 127 != 0) {
        return round_pack_wide<Bits>(env, b.sign, a.exponent, Wide{0} - difference);
    }
    return round_pack_wide<Bits>(env, a.sign, a.exponent, difference);
}

[[nodiscard]] WideNumber widened(const Unpacked& a) {
    return {a.sign, a.exponent, static_cast<Wide>(a.fraction) << 63};
}

template<class Bits>
[[nodiscard]] Bits add_signed(Environment& env, Bits a_bits, Bits b_bits, bool subtract) {
    const Unpacked a = unpack(a_bits);
    Unpacked b = unpack(b_bits);
    if (a.is_nan() || b.is_nan()) return propagate<Bits>(env, a, b);
    b.sign = b.sign != subtract;
    if (a.is_infinity()) {
        if (b.is_infinity() && a.sign != b.sign) return invalid_result<Bits>(env);
        return a_bits;
    }
    if (b.is_infinity()) return pack_infinity<Bits>(b.sign);
    if (b.is_zero()) {
        if (!a.is_zero()) return a_bits;
        return a.sign == b.sign ? a_bits : pack_zero<Bits>(env.rounding == Rounding::down);
    }
    if (a.is_zero()) return subtract ? static_cast<Bits>(b_bits ^ Format<Bits>::sign_mask) : b_bits;
    return add_wide<Bits>(env, widened(a), widened(b));
}

/// a * b + c, rounded once. No operand is a NaN and the result is none.
template<class Bits>
[[nodiscard]] Bits multiply_add(Environment& env, const Unpacked& a, const Unpacked& b,
                                const Unpacked& c) {
    const bool sign = a.sign != b.sign;
    if (a.is_infinity() || b.is_infinity()) return pack_infinity<Bits>(sign);
    if (c.is_infinity()) return pack_infinity<Bits>(c.sign);
    if (a.is_zero() || b.is_zero()) {
        if (!c.is_zero()) return round_pack<Bits>(env, c);
        return pack_zero<Bits>(sign == c.sign ? sign : env.rounding == Rounding::down);
    }
    // The product of two fractions has its leading bit at 127 or 126; halve it to leave room for a
    // carry. Formats of at most 53 bits leave many zeros below, so nothing is lost.
    const Wide product = (static_cast<Wide>(a.fraction) * b.fraction) >> 1;
    const WideNumber first{sign, a.exponent + b.exponent + 1, product};
    if (c.is_zero()) return round_pack_wide<Bits>(env, sign, first.exponent, product);
    return add_wide<Bits>(env, first, widened(c));
}

/// Square root of an integer whose bit 127 or 126 is set, digit by digit: `digits` leading bits of
/// the 64-bit root, and a sticky bit 0.
[[nodiscard]] std::uint64_t square_root(Wide rest, int digits) {
    Wide root = 0;
    Wide step = Wide{1} << 126;
    for (int digit = 0; digit < digits; ++digit, step >>= 2) {
        const Wide trial = root + step;
        root >>= 1;
        if (rest >= trial) {
            rest -= trial;
            root += step;
        }
    }
    // Each remaining digit would have halved the root once more.
    return static_cast<std::uint64_t>(root >> (64 - digits)) | (rest != 0 ? 1 : 0);
}

}  // namespace

template<class Bits>
Bits add(Environment& env, Bits a, Bits b) {
    return add_signed(env, a, b, false);
}

template<class Bits>
Bits sub(Environment& env, Bits a, Bits b) {
    return add_signed(env, a, b, true);
}

template<class Bits>
Bits mul(Environment& env, Bits a_bits, Bits b_bits) {
    const Unpacked a = unpack(a_bits);
    const Unpacked b = unpack(b_bits);
    if (a.is_nan() || b.is_nan()) return propagate<Bits>(env, a, b);
    const bool sign = a.sign != b.sign;
    if (a.is_infinity() || b.is_infinity()) {
        if (a.is_zero() || b.is_zero()) return invalid_result<Bits>(env);
        return pack_infinity<Bits>(sign);
    }
    if (a.is_zero() || b.is_zero()) return pack_zero<Bits>(sign);
    return round_pack_wide<Bits>(env, sign, a.exponent + b.exponent,
                                 static_cast<Wide>(a.fraction) * b.fraction);
}

template<class Bits>
Bits div(Environment& env, Bits a_bits, Bits b_bits) {
    const Unpacked a = unpack(a_bits);
    const Unpacked b = unpack(b_bits);
    if (a.is_nan() || b.is_nan()) return propagate<Bits>(env, a, b);
    const bool sign = a.sign != b.sign;
    if (a.is_infinity()) {
        if (b.is_infinity()) return invalid_result<Bits>(env);
        return pack_infinity<Bits>(sign);
    }
    if (b.is_infinity()) return pack_zero<Bits>(sign);
    if (b.is_zero()) {
        if (a.is_zero()) return invalid_result<Bits>(env);
        env.raise(divide_by_zero);
        return pack_infinity<Bits>(sign);
    }
    if (a.is_zero()) return pack_zero<Bits>(sign);
    // The quotient of two fractions in [1, 2) lies in (1/2, 2); times 2^62 it fits 63 bits.
    const Wide dividend = static_cast<Wide>(a.fraction) << 62;
    const auto quotient = static_cast<std::uint64_t>(dividend / b.fraction);
    const bool rest = static_cast<Wide>(quotient) * b.fraction != dividend;
    return round_pack<Bits>(
        env, normalized(sign, a.exponent - b.exponent + 1, quotient | (rest ? 1 : 0)));
}

template<class Bits>
Bits sqrt(Environment& env, Bits a_bits) {
    const Unpacked a = unpack(a_bits);
    if (a.is_nan()) return propagate<Bits>(env, a);
    if (a.is_zero()) return a_bits;
    if (a.sign) return invalid_result<Bits>(env);
    if (a.is_infinity()) return a_bits;
    // An even exponent halves exactly; the radicand then lies in [1, 4).
    const bool odd = (a.exponent & 1) != 0;
    const Wide radicand = static_cast<Wide>(a.fraction) << (odd ? 64 : 63);
    const int exponent = (a.exponent - (odd ? 1 : 0)) / 2;
    return round_pack<Bits>(
        env, normalized(false, exponent, square_root(radicand, Format<Bits>::fraction_bits + 3)));
}

template<class Bits>
Bits fused(Environment& env, Fused kind, Bits a_bits, Bits b_bits, Bits c_bits) {
    const Unpacked a = unpack(a_bits);
    const Unpacked b = unpack(b_bits);
    Unpacked c = unpack(c_bits);
    const bool product_invalid =
        (a.is_infinity() && b.is_zero()) || (a.is_zero() && b.is_infinity());
    if (a.is_nan() || b.is_nan() || c.is_nan()) {
        if (product_invalid) env.raise(invalid);
        return propagate<Bits>(env, c, a, b);
    }
    if (product_invalid) return invalid_result<Bits>(env);
    if (kind == Fused::msub || kind == Fused::nmsub) c.sign = !c.sign;
    if ((a.is_infinity() || b.is_infinity()) && c.is_infinity() && c.sign != (a.sign != b.sign)) {
        return invalid_result<Bits>(env);
    }
    const Bits result = multiply_add<Bits>(env, a, b, c);
    const bool negate = kind == Fused::nmadd || kind == Fused::nmsub;
    return negate ? static_cast<Bits>(result ^ Format<Bits>::sign_mask) : result;
}

template<class Bits>
Bits scale(Environment& env, Bits a_bits, std::int64_t n) {
    Unpacked a = unpack(a_bits);
    if (a.is_nan()) return propagate<Bits>(env, a);
    if (a.kind != Kind::number) return a_bits;
    constexpr std::int64_t far = 0x10000;  // beyond every format's exponent range
    a.exponent += static_cast<int>(n > far ? far : n < -far ? -far : n);
    return round_pack<Bits>(env, a);
}

#define LKVM_INSTANTIATE(Bits)                                        \
    template Bits add<Bits>(Environment&, Bits, Bits);                \
    template Bits sub<Bits>(Environment&, Bits, Bits);                \
    template Bits mul<Bits>(Environment&, Bits, Bits);                \
    template Bits div<Bits>(Environment&, Bits, Bits);                \
    template Bits sqrt<Bits>(Environment&, Bits);                     \
    template Bits fused<Bits>(Environment&, Fused, Bits, Bits, Bits); \
    template Bits scale<Bits>(Environment&, Bits, std::int64_t);
LKVM_INSTANTIATE(std::uint32_t)
LKVM_INSTANTIATE(std::uint64_t)
#undef LKVM_INSTANTIATE

}  // namespace lkvm::la::fp
