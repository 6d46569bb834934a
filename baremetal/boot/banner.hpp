// SPDX-License-Identifier: GPL-2.0-or-later
// What is said first, by firmware's console or ours.
#pragma once

#include <cstdint>
#include <string_view>

namespace lkvm::hv {

inline constexpr std::string_view banner = "lkvm-zones " LKVM_VERSION;
inline constexpr std::uint32_t cpucfg2_lvz = 1u << 10;
inline constexpr std::string_view no_lvz =
    "lkvm-zones: this CPU has no virtualization extension (LVZ)";

}  // namespace lkvm::hv
