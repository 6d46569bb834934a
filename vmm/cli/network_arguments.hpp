// SPDX-License-Identifier: GPL-2.0-or-later
// Values of --network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/host/net_options.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// mode=user|tap|none[,mac=..][,mtu=N][,queues=N][,packed][,hostfwd=..]...[,ifname=..][,fd=N]...
/// Nothing for mode=none. kvmtool's guest_mac= and tapif= are mac= and ifname=.
[[nodiscard]] Outcome<std::optional<NetOptions>> parse_network(std::string_view argument);

/// All of them. Without any, one user-mode interface if this program has such.
[[nodiscard]] Outcome<std::vector<NetOptions>> check_networks(
    const std::vector<std::string>& arguments);

}  // namespace lkvm::vmm
