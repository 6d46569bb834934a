// SPDX-License-Identifier: GPL-2.0-or-later
// IEEE 754 arithmetic in integers, with LoongArch's NaN rules. LA Vol.1 §3.1.1.3, §3.1.3.
// This is the exact path for what the host's FP unit is not asked, and a second opinion in tests.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_format.hpp"

namespace lkvm::la::fp {

/// Rounding mode in, exception bits out (accumulated).
struct Environment {
    Rounding rounding = Rounding::nearest_even;
    std::uint32_t flags = 0;

    void raise(std::uint32_t bits) { flags |= bits; }
};

enum class Relation : std::uint8_t { less = 1, equal = 2, greater = 4, unordered = 8 };

/// Which operands of a fused multiply-add change sign.
enum class Fused : std::uint8_t { madd = 0, msub = 1, nmadd = 2, nmsub = 3 };

enum class Extremum : std::uint8_t { max, min, max_magnitude, min_magnitude };

// Encodings in, encodings out; Bits is std::uint32_t or std::uint64_t.
template<class Bits>
[[nodiscard]] Bits add(Environment& env, Bits a, Bits b);
template<class Bits>
[[nodiscard]] Bits sub(Environment& env, Bits a, Bits b);
template<class Bits>
[[nodiscard]] Bits mul(Environment& env, Bits a, Bits b);
template<class Bits>
[[nodiscard]] Bits div(Environment& env, Bits a, Bits b);
template<class Bits>
[[nodiscard]] Bits sqrt(Environment& env, Bits a);
/// a * b + c with one rounding and the signs of `kind`.
template<class Bits>
[[nodiscard]] Bits fused(Environment& env, Fused kind, Bits a, Bits b, Bits c);
template<class Bits>
[[nodiscard]] Bits extremum(Environment& env, Extremum kind, Bits a, Bits b);
/// a * 2^n, any n.
template<class Bits>
[[nodiscard]] Bits scale(Environment& env, Bits a, std::int64_t n);
/// The exponent of a as a floating-point number.
template<class Bits>
[[nodiscard]] Bits log_exponent(Environment& env, Bits a);
/// The class bits of fclass: sNaN, qNaN, then -inf, -normal, -subnormal, -0, +inf, ... +0.
template<class Bits>
[[nodiscard]] std::uint32_t classify(Bits a);

/// Any NaN is invalid if `signaling`, else only a signaling one.
template<class Bits>
[[nodiscard]] Relation compare(Environment& env, Bits a, Bits b, bool signaling);

template<class Bits>
[[nodiscard]] Bits round_to_integral(Environment& env, Rounding rounding, Bits a);
/// To a `width`-bit integer (32 or 64), saturating; NaN gives 0. A signed result is sign-extended.
template<class Bits>
[[nodiscard]] std::uint64_t to_signed(Environment& env, Rounding rounding, Bits a, int width);
template<class Bits>
[[nodiscard]] std::uint64_t to_unsigned(Environment& env, Rounding rounding, Bits a, int width);
template<class Bits>
[[nodiscard]] Bits from_signed(Environment& env, std::int64_t value);
template<class Bits>
[[nodiscard]] Bits from_unsigned(Environment& env, std::uint64_t value);

/// Between 16, 32 and 64 bit formats.
template<class To, class From>
[[nodiscard]] To convert(Environment& env, From a);

}  // namespace lkvm::la::fp
