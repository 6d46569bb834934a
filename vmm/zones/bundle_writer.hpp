// SPDX-License-Identifier: GPL-2.0-or-later
// Writing a bundle, alone or behind the hypervisor's image.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vmm/outcome.hpp"
#include "vmm/zones/zone_config.hpp"

namespace lkvm::vmm {

/// What `lkvm pack` is to make.
struct PackRequest {
    std::string output;
    std::string image;  ///< of the hypervisor, which the bundle is put behind; empty: none
    std::vector<ZoneConfig> zones;
};

/// Reads the files of all zones, checks everything that can be checked without the board, and makes
/// or replaces the output file, which appears only when it is complete. Warnings go to `warnings`.
[[nodiscard]] Outcome<> write_bundle(const PackRequest& request,
                                     std::vector<std::string>& warnings);

}  // namespace lkvm::vmm
