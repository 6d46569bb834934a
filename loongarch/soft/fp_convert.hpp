// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions of one number, quick where the host can tell exactness at once: shared by scalar and
// vector instructions. Each adds its exception bits to the environment. LA Vol.1 §3.2.3.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

#include "loongarch/soft/fp_host.hpp"
#include "loongarch/soft/fp_soft.hpp"

namespace lkvm::la::fp {

/// To a signed integer; Integer is std::int32_t or std::int64_t.
template<class Integer, class Bits>
[[nodiscard]] inline Integer quick_to_signed(Environment& env, Rounding rounding, Bits a) {
    const auto value = static_cast<double>(to_host(a));
    constexpr double bound = sizeof(Integer) == 4 ? 0x1p31 - 1 : 0x1p51;
    if (std::fabs(value) < bound) [[likely]] {
        const double rounded = rounding == Rounding::toward_zero
                                   ? static_cast<double>(static_cast<std::int64_t>(value))
                                   : host_round(rounding, value);
        if (rounded != value) env.raise(inexact);
        return static_cast<Integer>(rounded);
    }
    return static_cast<Integer>(to_signed(env, rounding, a, int{sizeof(Integer)} * 8));
}

template<class Integer, class Bits>
[[nodiscard]] inline Integer quick_to_unsigned(Environment& env, Rounding rounding, Bits a) {
    const auto value = static_cast<double>(to_host(a));
    if (value >= 0 && value < 0x1p31) [[likely]] {
        const double rounded = host_round(rounding, value);
        if (rounded != value) env.raise(inexact);
        return static_cast<Integer>(static_cast<std::int64_t>(rounded));
    }
    return static_cast<Integer>(to_unsigned(env, rounding, a, int{sizeof(Integer)} * 8));
}

/// From an integer of any signedness and width.
template<class Bits, class Integer>
[[nodiscard]] inline Bits quick_from_integer(Environment& env, Integer value) {
    using F = Host<Bits>;
    constexpr Integer bound = Integer{1} << (Format<Bits>::fraction_bits < sizeof(Integer) * 8 - 1
                                                 ? Format<Bits>::fraction_bits
                                                 : int{sizeof(Integer)} * 8 - 2);
    constexpr bool always_exact = Format<Bits>::fraction_bits + 1 >= int{sizeof(Integer)} * 8;
    bool small = value <= bound;
    if constexpr (std::is_signed_v<Integer>) small = small && value >= -bound;
    if (always_exact || small) [[likely]]
        return std::bit_cast<Bits>(static_cast<F>(value));
    if constexpr (std::is_signed_v<Integer>) return from_signed<Bits>(env, value);
    return from_unsigned<Bits>(env, static_cast<std::uint64_t>(value));
}

[[nodiscard]] inline std::uint64_t quick_widen(Environment& env, std::uint32_t a) {
    const float value = to_host(a);
    if (value == value) [[likely]]
        return std::bit_cast<std::uint64_t>(static_cast<double>(value));
    return convert<std::uint64_t>(env, a);
}

[[nodiscard]] inline std::uint32_t quick_narrow(Environment& env, std::uint64_t a) {
    const double value = to_host(a);
    const auto narrow = static_cast<float>(value);
    if (env.rounding == Rounding::nearest_even && is_safe(narrow)) [[likely]] {
        if (static_cast<double>(narrow) != value) env.raise(inexact);
        return std::bit_cast<std::uint32_t>(narrow);
    }
    return convert<std::uint32_t>(env, a);
}

template<class Bits>
[[nodiscard]] inline Bits quick_round(Environment& env, Rounding rounding, Bits a) {
    using F = Host<Bits>;
    const F value = to_host(a);
    constexpr F bound = sizeof(Bits) == 8 ? F(0x1p51) : F(0x1p22);
    if (std::fabs(value) < bound) [[likely]] {
        const F rounded = host_round(rounding, value);
        if (rounded != value) env.raise(inexact);
        return std::bit_cast<Bits>(std::copysign(rounded, value));
    }
    return round_to_integral(env, rounding, a);
}

}  // namespace lkvm::la::fp
