// SPDX-License-Identifier: GPL-2.0-or-later
// `lkvm list`, `stat`, `start`... in a zone that manages the others.
#pragma once

#include <string>

#include "vmm/outcome.hpp"
#include "vmm/zones/zone_control.hpp"

namespace lkvm::vmm {

struct ZoneCommand {
    std::string action;
    std::string zone;  ///< may be empty for list and stat
    bool json = false;
};

/// Does it through the open port and returns what is to be printed.
[[nodiscard]] Outcome<std::string> control_zones(ZoneControl& port, const ZoneCommand& command);

}  // namespace lkvm::vmm
