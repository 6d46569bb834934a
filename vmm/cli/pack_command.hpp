// SPDX-License-Identifier: GPL-2.0-or-later
// `lkvm pack`: a bundle of zones for lkvm-zones.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

struct PackCommand {
    std::string output;
    std::vector<MachineConfig> zones;  ///< their names are set and differ
};

/// `arguments` behind the word pack: `-o FILE` and, for each zone, `--zone NAME` with options of
/// `lkvm run`. All failures are usage failures.
[[nodiscard]] Outcome<PackCommand> parse_pack(std::span<const char* const> arguments);

/// Reads the images and writes the bundle.
[[nodiscard]] Outcome<> pack(const PackCommand& command);

}  // namespace lkvm::vmm
