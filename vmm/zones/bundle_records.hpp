// SPDX-License-Identifier: GPL-2.0-or-later
// From the description of a zone to its record in a bundle.
#pragma once

#include <cstddef>

#include <lkvm/bundle.hpp>

#include "vmm/outcome.hpp"
#include "vmm/zones/zone_config.hpp"

namespace lkvm::vmm {

/// The record of zone number `index`, without images. `banks` is the checked plan of its memory.
/// Usage failures: what does not fit a record, and passed-through devices for which the platform
/// has no interrupt left.
[[nodiscard]] Outcome<bundle::Zone> make_zone_record(const ZoneConfig& zone, std::size_t index,
                                                     const RamBanks& banks);

}  // namespace lkvm::vmm
