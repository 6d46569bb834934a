// SPDX-License-Identifier: GPL-2.0-or-later
// The arithmetic operations with a fast path, each as a type with these static functions:
//   host   the result as the host computes it in nearest-even
//   plain  whether that result is right and raised nothing, or only I
//   quick  the same from the encoding of the result alone, more often false
//   soft   the exact definition
// and where `exact` exists, whether a plain result is exact. `available` says whether the host can.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "loongarch/soft/fp_host.hpp"
#include "loongarch/soft/fp_soft.hpp"

namespace lkvm::la::fp {

struct OnAnyHost {
    static constexpr bool available() { return true; }
};

struct Add : OnAnyHost {
    template<class F>
    static F host(F a, F b) {
        return a + b;
    }
    /// A tiny sum is always exact.
    template<class F>
    static bool plain(F, F, F r) {
        return is_finite(r);
    }
    /// The rounding error of a sum is a number again, and these steps give it without error.
    template<class F>
    static bool exact(F a, F b, F r) {
        const F b_seen = r - a;
        const F error = (a - (r - b_seen)) + (b - b_seen);
        return is_zero(error);
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_finite(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return add(env, a, b);
    }
};

struct Sub : OnAnyHost {
    template<class F>
    static F host(F a, F b) {
        return a - b;
    }
    template<class F>
    static bool plain(F, F, F r) {
        return is_finite(r);
    }
    template<class F>
    static bool exact(F a, F b, F r) {
        return Add::exact(a, -b, r);
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_finite(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return sub(env, a, b);
    }
};

struct Mul : OnAnyHost {
    template<class F>
    static F host(F a, F b) {
        return a * b;
    }
    template<class F>
    static bool plain(F a, F b, F r) {
        const bool zero_operand = either(is_zero(a), is_zero(b));
        return either(is_safe(r), both(zero_operand, is_zero(r)));
    }
    static bool exact(float a, float b, float r) {
        const double product = static_cast<double>(a) * static_cast<double>(b);
        return product == static_cast<double>(r);
    }
    /// False also when it cannot be told cheaply.
    static bool exact(double a, double b, double r) {
        if (is_zero(r)) return true;
        return host_has_fma && std::fabs(r) > 0x1p-900 && is_zero(host_fma(a, b, -r));
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_safe(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return mul(env, a, b);
    }
};

struct Div : OnAnyHost {
    template<class F>
    static F host(F a, F b) {
        return a / b;
    }
    template<class F>
    static bool plain(F a, F, F r) {
        return either(is_safe(r), both(is_zero(a), is_zero(r)));
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_safe(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return div(env, a, b);
    }
};

struct Sqrt : OnAnyHost {
    template<class F>
    static F host(F a) {
        return host_sqrt(a);
    }
    template<class F>
    static bool plain(F, F r) {
        return is_finite(r);
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_finite(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a) {
        return sqrt(env, a);
    }
};

struct Recip : OnAnyHost {
    template<class F>
    static F host(F a) {
        return 1 / a;
    }
    template<class F>
    static bool plain(F, F r) {
        return is_safe(r);
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_safe(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a) {
        return div(env, Format<Bits>::one, a);
    }
};

/// Rounded twice, as the reference emulator does.
struct Rsqrt : OnAnyHost {
    template<class F>
    static F host(F a) {
        return 1 / host_sqrt(a);
    }
    template<class F>
    static bool plain(F, F r) {
        return is_safe(r);
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_safe(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a) {
        return div(env, Format<Bits>::one, sqrt(env, a));
    }
};

template<Fused kind>
struct FusedMultiply {
    static bool available() { return host_has_fma; }
    static constexpr bool negate_c = kind == Fused::msub || kind == Fused::nmsub;
    static constexpr bool negate_sum = kind == Fused::nmadd || kind == Fused::nmsub;

    template<class F>
    static F host(F a, F b, F c) {
        const F sum = host_fma(a, b, negate_c ? -c : c);
        return negate_sum ? -sum : sum;
    }
    template<class F, std::size_t count>
    static std::array<F, count> host(const std::array<F, count>& a, const std::array<F, count>& b,
                                     std::array<F, count> c) {
        if constexpr (negate_c) {
            for (F& lane : c) lane = -lane;
        }
        std::array<F, count> sum = host_fma(a, b, c);
        if constexpr (negate_sum) {
            for (F& lane : sum) lane = -lane;
        }
        return sum;
    }
    /// A zero sum may be an underflow unless the product is exactly zero.
    template<class F>
    static bool plain(F a, F b, F c, F r) {
        const bool zeros = both(either(is_zero(a), is_zero(b)), is_zero(c));
        return either(is_safe(r), both(zeros, is_zero(r)));
    }
    template<class Bits>
    static bool quick(Bits r) {
        return is_quickly_safe(r);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b, Bits c) {
        return fused(env, kind, a, b, c);
    }
};
using Madd = FusedMultiply<Fused::madd>;
using Msub = FusedMultiply<Fused::msub>;
using Nmadd = FusedMultiply<Fused::nmadd>;
using Nmsub = FusedMultiply<Fused::nmsub>;

// The extrema raise nothing without a NaN; `plain` says so, whatever the rounding mode.

template<Extremum kind>
struct Extreme {
    /// Equal operands are the same number or zeros: the signs decide.
    template<class F>
    static F host(F a, F b) {
        using Bits = std::conditional_t<sizeof(F) == 8, std::uint64_t, std::uint32_t>;
        constexpr bool max = kind == Extremum::max || kind == Extremum::max_magnitude;
        const Bits a_bits = std::bit_cast<Bits>(a);
        const Bits b_bits = std::bit_cast<Bits>(b);
        const F same = std::bit_cast<F>(max ? a_bits & b_bits : a_bits | b_bits);
        const F by_value = a > b ? (max ? a : b) : (a < b ? (max ? b : a) : same);
        if constexpr (kind == Extremum::max || kind == Extremum::min) return by_value;
        const F a_magnitude = std::fabs(a);
        const F b_magnitude = std::fabs(b);
        return a_magnitude > b_magnitude   ? (max ? a : b)
               : a_magnitude < b_magnitude ? (max ? b : a)
                                           : by_value;
    }
    template<class F>
    static bool plain(F a, F b) {
        return both(a == a, b == b);
    }
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return extremum(env, kind, a, b);
    }
};
using Max = Extreme<Extremum::max>;
using Min = Extreme<Extremum::min>;
using MaxMagnitude = Extreme<Extremum::max_magnitude>;
using MinMagnitude = Extreme<Extremum::min_magnitude>;

// Without a fast path.

struct LogExponent {
    template<class Bits>
    static Bits soft(Environment& env, Bits a) {
        return log_exponent(env, a);
    }
};
/// a * 2^b, b a signed integer of the same width.
struct Scale {
    template<class Bits>
    static Bits soft(Environment& env, Bits a, Bits b) {
        return scale(env, a, static_cast<std::make_signed_t<Bits>>(b));
    }
};

}  // namespace lkvm::la::fp
