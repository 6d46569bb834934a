// SPDX-License-Identifier: GPL-2.0-or-later
// What runs the vCPUs on this host.
#pragma once

#include <cstdint>
#include <string>

#include "vmm/machine/backend_request.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

struct BackendChoice {
    Accelerator accelerator = Accelerator::soft;  ///< kvm or soft
    std::uint64_t address_limit = 0;              ///< end of the guest-physical space, exclusive
    std::string description;                      ///< for the user
    MakeBackend make;
};

/// Failure: the accelerator asked for is not there.
[[nodiscard]] Outcome<BackendChoice> choose_backend(Accelerator accelerator);

/// Refuses options that do nothing with that backend; with `automatic` it is not known yet.
[[nodiscard]] Outcome<> check_backend_options(const MachineConfig& config, Accelerator accelerator);

}  // namespace lkvm::vmm
