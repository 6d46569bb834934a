// SPDX-License-Identifier: GPL-2.0-or-later
// What is asked of the host's FP unit. It works in the default environment (nearest-even, nothing
// trapped, no flush to zero), and only results that can raise nothing but I are taken from it.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#include "loongarch/soft/fp_format.hpp"

namespace lkvm::la::fp {

/// Whether the host computes fused multiply-add in hardware. Without it the integer path does.
#if defined(__x86_64__)
extern const bool host_has_fma;
#elif defined(__FP_FAST_FMA) || defined(__aarch64__) || defined(__loongarch__)
inline constexpr bool host_has_fma = true;
#else
inline constexpr bool host_has_fma = false;
#endif

/// a * b + c with one rounding; only if host_has_fma.
[[nodiscard]] inline double host_fma(double a, double b, double c) {
#if defined(__x86_64__)
    // Not std::fma: the build is for the baseline, which would make it a call.
    asm("vfmadd213sd %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
#else
    return std::fma(a, b, c);
#endif
}
[[nodiscard]] inline float host_fma(float a, float b, float c) {
#if defined(__x86_64__)
    asm("vfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
#else
    return std::fma(a, b, c);
#endif
}

/// Lane by lane.
template<class F, std::size_t count>
[[nodiscard]] inline std::array<F, count> host_fma(std::array<F, count> a,
                                                   const std::array<F, count>& b,
                                                   const std::array<F, count>& c) {
#if defined(__x86_64__)
    // 128 bits at a time: no upper halves for the rest of the program to suffer from.
    using Chunk [[gnu::vector_size(16)]] = F;
    constexpr std::size_t per_chunk = 16 / sizeof(F);
    for (std::size_t i = 0; i < count; i += per_chunk) {
        Chunk x, y, z;
        std::memcpy(&x, &a[i], sizeof(x));
        std::memcpy(&y, &b[i], sizeof(y));
        std::memcpy(&z, &c[i], sizeof(z));
        if constexpr (sizeof(F) == 8) {
            asm("vfmadd213pd %2, %1, %0" : "+x"(x) : "x"(y), "x"(z));
        } else {
            asm("vfmadd213ps %2, %1, %0" : "+x"(x) : "x"(y), "x"(z));
        }
        std::memcpy(&a[i], &x, sizeof(x));
    }
#else
    for (std::size_t i = 0; i < count; ++i) a[i] = std::fma(a[i], b[i], c[i]);
#endif
    return a;
}

/// Not std::sqrt, which may be a call for the sake of errno.
[[nodiscard]] inline double host_sqrt(double a) {
#if defined(__x86_64__)
    asm("sqrtsd %0, %0" : "+x"(a));
    return a;
#else
    return std::sqrt(a);
#endif
}
[[nodiscard]] inline float host_sqrt(float a) {
#if defined(__x86_64__)
    asm("sqrtss %0, %0" : "+x"(a));
    return a;
#else
    return std::sqrt(a);
#endif
}

// The tests below use no short-circuit evaluation so that loops over them become vector code.

[[nodiscard]] constexpr bool both(bool a, bool b) {
    return (unsigned{a} & unsigned{b}) != 0;
}
[[nodiscard]] constexpr bool either(bool a, bool b) {
    return (unsigned{a} | unsigned{b}) != 0;
}

/// Neither infinite nor NaN.
template<class F>
[[nodiscard]] inline bool is_finite(F r) {
    return std::fabs(r) <= std::numeric_limits<F>::max();
}
/// Finite and not tiny, not even before rounding.
template<class F>
[[nodiscard]] inline bool is_safe(F r) {
    const F magnitude = std::fabs(r);
    return both(magnitude > std::numeric_limits<F>::min(),
                magnitude <= std::numeric_limits<F>::max());
}
template<class F>
[[nodiscard]] inline bool is_zero(F a) {
    return a == 0;
}

/// The same tests, coarser and in integers, which is quicker for a single result: no false yes.
template<class Bits>
[[nodiscard]] inline bool is_quickly_finite(Bits r) {
    return static_cast<Bits>(r << 1) < static_cast<Bits>(Format<Bits>::infinity << 1);
}
template<class Bits>
[[nodiscard]] inline bool is_quickly_safe(Bits r) {
    const auto exponent =
        static_cast<unsigned>(static_cast<Bits>(r << 1) >> (Format<Bits>::fraction_bits + 1));
    return exponent - 2 < unsigned{Format<Bits>::special_exponent} - 2;
}

/// a rounded to an integral value in mode `rounding`; |a| must be less than 2^(fraction bits - 1).
/// The sign of a zero result is lost.
template<class F>
[[nodiscard]] inline F host_round(Rounding rounding, F a) {
    // Adding this number leaves no bits for a fraction.
    constexpr F magic = std::numeric_limits<F>::digits == 53 ? F(0x1.8p52) : F(0x1.8p23);
    const F nearest = (a + magic) - magic;
    switch (rounding) {
        case Rounding::nearest_even:
            break;
        case Rounding::up:
            return nearest < a ? nearest + 1 : nearest;
        case Rounding::down:
            return nearest > a ? nearest - 1 : nearest;
        case Rounding::toward_zero:
            if (a < 0) return nearest < a ? nearest + 1 : nearest;
            return nearest > a ? nearest - 1 : nearest;
    }
    return nearest;
}

}  // namespace lkvm::la::fp
