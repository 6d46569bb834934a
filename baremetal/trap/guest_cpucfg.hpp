// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest learns about its CPU.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// CPUCFG word `index` of a guest on a CPU that has `word` there: without what guests do not get.
[[nodiscard]] std::uint32_t guest_cpucfg(std::uint32_t index, std::uint32_t word);

}  // namespace lkvm::hv
