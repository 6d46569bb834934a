// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/network.hpp"

#include <array>

#include "vmm/host/random.hpp"

namespace lkvm::vmm {

MacAddress default_mac(NetworkKind kind, unsigned index) {
    // Locally administered; the rest spells the program's name.
    MacAddress mac{0x02, 'l', 'k', 'v', 'm', static_cast<std::uint8_t>(index)};
    if (kind == NetworkKind::shared_network) {
        std::array<std::byte, 3> random{};
        fill_random(random);
        for (std::size_t i = 0; i < random.size(); ++i) {
            mac[3 + i] = std::to_integer<std::uint8_t>(random[i]);
        }
    }
    return mac;
}

}  // namespace lkvm::vmm
