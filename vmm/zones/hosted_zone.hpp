// SPDX-License-Identifier: GPL-2.0-or-later
// A zone of a bundle as a hosted machine.
#pragma once

#include <vector>

#include "vmm/host/unique_fd.hpp"
#include "vmm/log.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// The zone's RAM disks, each a file in memory that nobody else sees. Must live until the machine
/// has opened its disks.
using HostedZoneFiles = std::vector<UniqueFd>;

/// Completes `config`, which names bundle and zone, from the bundle. What only a board with other
/// zones can give is left out and told to `log`; a disk of the board is a failure, as the guest's
/// other disks would get its name.
[[nodiscard]] Outcome<> apply_bundle(MachineConfig& config, HostedZoneFiles& files, StderrLog& log);

}  // namespace lkvm::vmm
