// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/networks.hpp"

namespace lkvm::hv {

Result<NetSwitch*> Networks::find(std::string_view name, Arena& arena) {
    for (std::size_t i = 0; i < count_; ++i) {
        if (networks_[i].name != name) continue;
        if (networks_[i].network->port_count() == NetSwitch::max_ports) {
            return fail(ErrorCode::too_many);
        }
        return networks_[i].network;
    }
    if (count_ == max_networks) return fail(ErrorCode::too_many);
    NetSwitch* const network = LKVM_TRY(arena.make<NetSwitch>());
    networks_[count_++] = {name, network};
    return network;
}

}  // namespace lkvm::hv
