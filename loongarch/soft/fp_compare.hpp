// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions of floating-point comparisons. LA Vol.1 §3.2.2.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_host.hpp"
#include "loongarch/soft/fp_soft.hpp"

namespace lkvm::la::fp {

/// The relations that make a condition true, as a set of Relation bits.
enum class Condition : std::uint8_t {
    af = 0,
    lt = 1,
    eq = 2,
    le = 1 | 2,
    un = 8,
    ult = 8 | 1,
    ueq = 8 | 2,
    ule = 8 | 1 | 2,
    ne = 1 | 4,
    ordered = 1 | 2 | 4,
    une = 8 | 1 | 4,
};

[[nodiscard]] constexpr bool accepts(Condition condition, Relation relation) {
    return (static_cast<unsigned>(condition) & static_cast<unsigned>(relation)) != 0;
}

/// For operands that are no NaNs.
template<Condition condition, class F>
[[nodiscard]] constexpr bool holds(F a, F b) {
    constexpr bool less = accepts(condition, Relation::less);
    constexpr bool equal = accepts(condition, Relation::equal);
    constexpr bool greater = accepts(condition, Relation::greater);
    if constexpr (less && equal && greater) return true;
    if constexpr (less && equal) return a <= b;
    if constexpr (less && greater) return a != b;
    if constexpr (less) return a < b;
    if constexpr (equal) return a == b;
    return false;
}

/// Whether a comparison raises nothing but for NaNs.
template<class F>
[[nodiscard]] inline bool are_numbers(F a, F b) {
    return both(a == a, b == b);
}

}  // namespace lkvm::la::fp

/// X(name, condition): each exists as c<name>, where quiet NaNs are fine, and s<name>.
#define LKVM_FP_CONDITIONS(X) \
    X(af, af)                 \
    X(lt, lt)                 \
    X(eq, eq)                 \
    X(le, le)                 \
    X(un, un)                 \
    X(ult, ult)               \
    X(ueq, ueq)               \
    X(ule, ule)               \
    X(ne, ne)                 \
    X(or, ordered)            \
    X(une, une)
