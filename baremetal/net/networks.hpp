// SPDX-License-Identifier: GPL-2.0-or-later
// The networks that the bundle names.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include <lkvm/bundle.hpp>
#include <lkvm/result.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/net/net_switch.hpp"

namespace lkvm::hv {

/// A switch for each name, made when it is first asked for. Boot CPU.
class Networks {
public:
    static constexpr std::size_t max_networks = bundle::max_zones;

    /// `name` outlives this. Errors: those of Arena; `too_many` networks, or ports on this one.
    [[nodiscard]] Result<NetSwitch*> find(std::string_view name, Arena& arena);

private:
    struct Network {
        std::string_view name;
        NetSwitch* network = nullptr;
    };

    std::array<Network, max_networks> networks_{};
    std::size_t count_ = 0;
};

}  // namespace lkvm::hv
