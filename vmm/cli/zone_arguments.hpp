// SPDX-License-Identifier: GPL-2.0-or-later
// The options of one zone of `lkvm pack`: those of `lkvm run` that zones have, and their own.
#pragma once

#include <string>
#include <vector>

#include "vmm/outcome.hpp"
#include "vmm/zones/zone_config.hpp"

namespace lkvm::vmm {

/// `options` as typed behind `--zone NAME`. All failures are usage failures and name the zone.
[[nodiscard]] Outcome<ZoneConfig> parse_zone(const std::string& name,
                                             std::vector<const char*> options);

/// What `lkvm help pack` says about them.
[[nodiscard]] std::string zone_options_help();

}  // namespace lkvm::vmm
