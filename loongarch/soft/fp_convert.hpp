// SPDX-License-Identifier: GPL-2.0-or-later
// Conversions of one number, quick where the host can tell exactness at once: shared by scalar and
// vector instructions. Each adds its exception bits to the environment. LA Vol.1 §3.2.3.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "loongarch/soft/fp_host.hpp"
#include "loongarch/soft/fp_soft.hpp"

namespace lkvm::la::fp {

/// Calls soft with a copy of env, so that env itself can live in registers.
template<class Soft>
[[nodiscard]] inline auto apart(Environment& env, Soft soft) {
    Environment copy = env;
    const auto result = soft(copy);
    env = copy;
    return result;
}

inline void raise_inexact_if(Environment& env, bool condition) {
    env.raise(condition ? inexact : 0);
}

/// To a signed integer; Integer is std::int32_t or std::int64_t.
template<class Integer, class Bits>
[[nodiscard]] inline Integer quick_to_signed(Environment& env, Rounding rounding, Bits a) {
    const auto value = static_cast<double>(to_host(a));
    constexpr double bound = sizeof(Integer) == 4 ? 0x1p31 - 1 : 0x1p51;
    if (std::fabs(value) < bound) [[likely]] {
        const double rounded = rounding == Rounding::toward_zero
                                   ? static_cast<double>(static_cast<std::int64_t>(value))
                                   : host_round(rounding, value);
        raise_inexact_if(env, rounded != value);
        return static_cast<Integer>(rounded);
    }
    return apart(env, [=](Environment& e) {
        return static_cast<Integer>(to_signed(e, rounding, a, int{sizeof(Integer)} * 8));
    });
}

template<class Integer, class Bits>
[[nodiscard]] inline Integer quick_to_unsigned(Environment& env, Rounding rounding, Bits a) {
    const auto value = static_cast<double>(to_host(a));
    if (value >= 0 && value < 0x1p31) [[likely]] {
        const double rounded = host_round(rounding, value);
        raise_inexact_if(env, rounded != value);
        return static_cast<Integer>(static_cast<std::int64_t>(rounded));
    }
    return apart(env, [=](Environment& e) {
        return static_cast<Integer>(to_unsigned(e, rounding, a, int{sizeof(Integer)} * 8));
    });
}

/// From an integer of any signedness and width.
template<class Bits, class Integer>
[[nodiscard]] inline Bits quick_from_integer(Environment& env, Integer value) {
    using Unsigned = std::make_unsigned_t<Integer>;
    constexpr int digits = Format<Bits>::fraction_bits + 1;
    const auto bits = static_cast<Unsigned>(value);
    const Unsigned magnitude = value < 0 ? Unsigned{0} - bits : bits;
    bool exact = true;
    if constexpr (int{sizeof(Integer)} * 8 > digits) {
        // The highest bit stands in for the missing one of 0.
        constexpr Unsigned top = Unsigned{1} << (sizeof(Unsigned) * 8 - 1);
        const int width = static_cast<int>(std::bit_width(magnitude));
        exact = width - std::countr_zero(magnitude | top) <= digits;
    }
    if (exact || env.rounding == Rounding::nearest_even) [[likely]] {
        raise_inexact_if(env, !exact);
        return std::bit_cast<Bits>(static_cast<Host<Bits>>(value));
    }
    return apart(env, [=](Environment& e) {
        if constexpr (std::is_signed_v<Integer>) {
            return from_signed<Bits>(e, value);
        } else {
            return from_unsigned<Bits>(e, value);
        }
    });
}

[[nodiscard]] inline std::uint64_t quick_widen(Environment& env, std::uint32_t a) {
    const float value = to_host(a);
    if (value == value) [[likely]]
        return std::bit_cast<std::uint64_t>(static_cast<double>(value));
    return apart(env, [=](Environment& e) { return convert<std::uint64_t>(e, a); });
}

[[nodiscard]] inline std::uint32_t quick_narrow(Environment& env, std::uint64_t a) {
    const double value = to_host(a);
    const auto narrow = static_cast<float>(value);
    if (env.rounding == Rounding::nearest_even && is_safe(narrow)) [[likely]] {
        raise_inexact_if(env, static_cast<double>(narrow) != value);
        return std::bit_cast<std::uint32_t>(narrow);
    }
    return apart(env, [=](Environment& e) { return convert<std::uint32_t>(e, a); });
}

template<class Bits>
[[nodiscard]] inline Bits quick_round(Environment& env, Rounding rounding, Bits a) {
    using F = Host<Bits>;
    const F value = to_host(a);
    constexpr F bound = sizeof(Bits) == 8 ? F(0x1p51) : F(0x1p22);
    if (std::fabs(value) < bound) [[likely]] {
        const F rounded = host_round(rounding, value);
        raise_inexact_if(env, rounded != value);
        return std::bit_cast<Bits>(std::copysign(rounded, value));
    }
    return apart(env, [=](Environment& e) { return round_to_integral(e, rounding, a); });
}

}  // namespace lkvm::la::fp
