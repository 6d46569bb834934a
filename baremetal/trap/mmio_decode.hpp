// SPDX-License-Identifier: GPL-2.0-or-later
// Loads and stores that a guest may use on devices.
#pragma once

#include <cstdint>

namespace lkvm::hv {

struct MmioAccess {
    unsigned size = 0;
    unsigned rd = 0;  ///< general register that is loaded or stored
    bool store = false;
    bool sign = false;
};

/// False: not a plain load or store of a general register.
[[nodiscard]] bool decode_mmio(std::uint32_t word, MmioAccess& access);

}  // namespace lkvm::hv
