// SPDX-License-Identifier: GPL-2.0-or-later
// Integer IEEE 754 arithmetic: comparison, extrema, rounding to integers, conversions.
#include "loongarch/soft/fp_soft.hpp"
#include "loongarch/soft/fp_unpacked.hpp"

namespace lkvm::la::fp {
namespace {

/// Encodings of numbers in an order in which -0 comes just before +0.
template<class Bits>
[[nodiscard]] Bits order_key(Bits a) {
    using F = Format<Bits>;
    return F::is_negative(a) ? static_cast<Bits>(~a) : static_cast<Bits>(a | F::sign_mask);
}

/// |a| rounded to an integer. For numbers of at least 2^64, `too_large`.
struct Integral {
    std::uint64_t magnitude = 0;
    bool exact = true;
    bool too_large = false;
};

[[nodiscard]] Integral integral_part(Rounding rounding, const Unpacked& a) {
    if (a.exponent >= 64) return {0, true, true};
    // Fixed point with 63 bits below the point.
    const int distance = 63 - a.exponent;
    const Wide fixed = shift_right_sticky(static_cast<Wide>(a.fraction) << 63, distance);
    constexpr Wide rest_mask = (Wide{1} << 63) - 1;
    const Wide rest = fixed & rest_mask;
    const Wide whole = fixed >> 63;
    const bool away = rounds_away<Wide>(rounding, a.sign, (whole & 1) != 0, rest, Wide{1} << 62);
    const Wide rounded = whole + (away ? 1U : 0U);
    return {static_cast<std::uint64_t>(rounded), rest == 0, rounded >> 64 != 0};
}

}  // namespace

template<class Bits>
Bits extremum(Environment& env, Extremum kind, Bits a, Bits b) {
    using F = Format<Bits>;
    if (F::is_nan(a) || F::is_nan(b)) {
        // A quiet NaN loses against a number; a signaling one never does.
        if (!F::is_signaling(a) && !F::is_signaling(b)) {
            if (!F::is_nan(a)) return a;
            if (!F::is_nan(b)) return b;
        }
        return propagate<Bits>(env, unpack(a), unpack(b));
    }
    const bool want_max = kind == Extremum::max || kind == Extremum::max_magnitude;
    if (kind == Extremum::max_magnitude || kind == Extremum::min_magnitude) {
        const Bits a_magnitude = F::magnitude(a);
        const Bits b_magnitude = F::magnitude(b);
        if (a_magnitude != b_magnitude) return (a_magnitude > b_magnitude) == want_max ? a : b;
    }
    return (order_key(a) > order_key(b)) == want_max ? a : b;
}

template<class Bits>
Relation compare(Environment& env, Bits a, Bits b, bool signaling) {
    using F = Format<Bits>;
    if (F::is_nan(a) || F::is_nan(b)) {
        if (signaling || F::is_signaling(a) || F::is_signaling(b)) env.raise(invalid);
        return Relation::unordered;
    }
    if (a == b || (F::magnitude(a) | F::magnitude(b)) == 0) return Relation::equal;
    return order_key(a) < order_key(b) ? Relation::less : Relation::greater;
}

template<class Bits>
std::uint32_t classify(Bits a) {
    using F = Format<Bits>;
    const Bits magnitude = F::magnitude(a);
    if (F::is_nan(a)) return F::is_signaling(a) ? 1U << 0 : 1U << 1;
    const unsigned shift = F::is_negative(a) ? 0 : 4;
    if (magnitude == F::infinity) return 1U << (2 + shift);
    if (magnitude >= F::smallest_normal) return 1U << (3 + shift);
    if (magnitude != 0) return 1U << (4 + shift);
    return 1U << (5 + shift);
}

template<class Bits>
Bits log_exponent(Environment& env, Bits a_bits) {
    const Unpacked a = unpack(a_bits);
    if (a.is_nan()) return propagate<Bits>(env, a);
    if (a.is_zero()) {
        env.raise(divide_by_zero);
        return pack_infinity<Bits>(true);
    }
    if (a.sign) return invalid_result<Bits>(env);
    if (a.is_infinity()) return a_bits;
    return from_signed<Bits>(env, a.exponent);
}

template<class Bits>
Bits round_to_integral(Environment& env, Rounding rounding, Bits a_bits) {
    using F = Format<Bits>;
    const Unpacked a = unpack(a_bits);
    if (a.is_nan()) return propagate<Bits>(env, a);
    if (a.kind != Kind::number || a.exponent >= F::fraction_bits) return a_bits;
    const Integral integral = integral_part(rounding, a);
    if (integral.exact) return a_bits;
    env.raise(inexact);
    if (integral.magnitude == 0) return pack_zero<Bits>(a.sign);
    return round_pack<Bits>(env, normalized(a.sign, 63, integral.magnitude));
}

template<class Bits>
std::uint64_t to_signed(Environment& env, Rounding rounding, Bits a_bits, int width) {
    const Unpacked a = unpack(a_bits);
    if (a.is_nan()) {
        env.raise(invalid);
        return 0;
    }
    if (a.is_zero()) return 0;
    const std::uint64_t largest = (1ULL << (width - 1)) - 1;
    const std::uint64_t bound = largest + (a.sign ? 1 : 0);
    const Integral integral =
        a.is_infinity() ? Integral{0, true, true} : integral_part(rounding, a);
    if (integral.too_large || integral.magnitude > bound) {
        env.raise(invalid);
        return a.sign ? 0 - bound : bound;
    }
    if (!integral.exact) env.raise(inexact);
    return a.sign ? 0 - integral.magnitude : integral.magnitude;
}

template<class Bits>
std::uint64_t to_unsigned(Environment& env, Rounding rounding, Bits a_bits, int width) {
    const Unpacked a = unpack(a_bits);
    if (a.is_nan()) {
        env.raise(invalid);
        return 0;
    }
    if (a.is_zero()) return 0;
    const std::uint64_t bound = a.sign ? 0 : ~0ULL >> (64 - width);
    const Integral integral =
        a.is_infinity() ? Integral{0, true, true} : integral_part(rounding, a);
    if (integral.too_large || integral.magnitude > bound) {
        env.raise(invalid);
        return bound;
    }
    if (!integral.exact) env.raise(inexact);
    return integral.magnitude;
}

template<class Bits>
Bits from_unsigned(Environment& env, std::uint64_t value) {
    if (value == 0) return 0;
    return round_pack<Bits>(env, normalized(false, 63, value));
}

template<class Bits>
Bits from_signed(Environment& env, std::int64_t value) {
    if (value >= 0) return from_unsigned<Bits>(env, static_cast<std::uint64_t>(value));
    return round_pack<Bits>(env, normalized(true, 63, 0 - static_cast<std::uint64_t>(value)));
}

template<class To, class From>
To convert(Environment& env, From a_bits) {
    const Unpacked a = unpack(a_bits);
    switch (a.kind) {
        case Kind::nan:
            return propagate<To>(env, a);
        case Kind::infinity:
            return pack_infinity<To>(a.sign);
        case Kind::zero:
            return pack_zero<To>(a.sign);
        case Kind::number:
            break;
    }
    return round_pack<To>(env, a);
}

#define LKVM_INSTANTIATE(Bits)                                                   \
    template Bits extremum<Bits>(Environment&, Extremum, Bits, Bits);            \
    template Relation compare<Bits>(Environment&, Bits, Bits, bool);             \
    template std::uint32_t classify<Bits>(Bits);                                 \
    template Bits log_exponent<Bits>(Environment&, Bits);                        \
    template Bits round_to_integral<Bits>(Environment&, Rounding, Bits);         \
    template std::uint64_t to_signed<Bits>(Environment&, Rounding, Bits, int);   \
    template std::uint64_t to_unsigned<Bits>(Environment&, Rounding, Bits, int); \
    template Bits from_signed<Bits>(Environment&, std::int64_t);                 \
    template Bits from_unsigned<Bits>(Environment&, std::uint64_t);
LKVM_INSTANTIATE(std::uint32_t)
LKVM_INSTANTIATE(std::uint64_t)
#undef LKVM_INSTANTIATE

template std::uint32_t convert<std::uint32_t, std::uint64_t>(Environment&, std::uint64_t);
template std::uint64_t convert<std::uint64_t, std::uint32_t>(Environment&, std::uint32_t);
template std::uint16_t convert<std::uint16_t, std::uint32_t>(Environment&, std::uint32_t);
template std::uint32_t convert<std::uint32_t, std::uint16_t>(Environment&, std::uint16_t);

}  // namespace lkvm::la::fp
