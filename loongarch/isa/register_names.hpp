// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string_view>

namespace lkvm::la {

/// Of the general registers, without the dollar sign. LoongArch ELF psABI, register names.
inline constexpr std::array<std::string_view, 32> gpr_names{
    "zero", "ra", "tp", "sp", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7",   "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8", "r21",
    "fp",   "s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8"};

}  // namespace lkvm::la
