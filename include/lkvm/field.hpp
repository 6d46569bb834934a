// SPDX-License-Identifier: GPL-2.0-or-later
// Named bit fields of registers (style §7).
#pragma once

#include <cstdint>

namespace lkvm {

/// Bits [lsb + width - 1 : lsb] of a 64-bit register, read and written as Type.
template<unsigned lsb, unsigned width, class Type = std::uint64_t>
struct Field {
    static_assert(width >= 1 && lsb + width <= 64);
    static constexpr unsigned shift = lsb;
    static constexpr std::uint64_t mask = (UINT64_MAX >> (64 - width)) << lsb;

    [[nodiscard]] static constexpr Type get(std::uint64_t reg) {
        return static_cast<Type>((reg & mask) >> lsb);
    }
    /// `reg` with this field replaced; excess bits of `value` are dropped.
    [[nodiscard]] static constexpr std::uint64_t put(std::uint64_t reg, Type value) {
        return (reg & ~mask) | ((static_cast<std::uint64_t>(value) << lsb) & mask);
    }
};

/// All bits of several fields, which must not overlap.
template<class... Fields>
consteval std::uint64_t field_mask() {
    std::uint64_t all = 0;
    bool overlap = false;
    ((overlap = overlap || (all & Fields::mask) != 0, all |= Fields::mask), ...);
    if (overlap) __builtin_trap();  // no constant expression: stops the compiler
    return all;
}

}  // namespace lkvm
