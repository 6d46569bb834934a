// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical addresses as a type of their own.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace lkvm {

/// Guest-physical address in bytes. Arithmetic only through the checked helpers below.
struct Gpa {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(const Gpa&, const Gpa&) = default;
};

/// base + offset, or nothing on wrap-around.
[[nodiscard]] constexpr std::optional<Gpa> checked_add(Gpa base, std::uint64_t offset) {
    if (offset > UINT64_MAX - base.value) return std::nullopt;
    return Gpa{base.value + offset};
}

/// Distance from `base` up to `where`, or nothing if `where` lies below.
[[nodiscard]] constexpr std::optional<std::uint64_t> distance(Gpa base, Gpa where) {
    if (where < base) return std::nullopt;
    return where.value - base.value;
}

}  // namespace lkvm
