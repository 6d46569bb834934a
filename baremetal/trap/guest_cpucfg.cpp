// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/guest_cpucfg.hpp"

namespace lkvm::hv {

std::uint32_t guest_cpucfg(std::uint32_t index, std::uint32_t word) {
    constexpr std::uint32_t last = 20;
    constexpr std::uint32_t message_interrupts = 1u << 26;
    constexpr std::uint32_t virtualization = 0xfu << 10;
    constexpr std::uint32_t binary_translation = 7u << 18;
    constexpr std::uint32_t page_walker = 1u << 24;
    if (index > last) return 0;
    switch (index) {
        case 1:
            return word & ~message_interrupts;
        case 2:
            return word & ~(virtualization | binary_translation | page_walker);
        case 6:
            return 0;  // performance counters
        default:
            return word;
    }
}

}  // namespace lkvm::hv
