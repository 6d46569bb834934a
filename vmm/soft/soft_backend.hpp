// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a machine's vCPUs on the software CPU, one host thread each.
#pragma once

#include <memory>

#include "vmm/machine/backend_request.hpp"

namespace lkvm::vmm {

/// Registers the software CPU as the memory's write observer. Fails if the trace file cannot be
/// written.
[[nodiscard]] Outcome<std::unique_ptr<Backend>> make_soft_backend(const BackendRequest& request);

}  // namespace lkvm::vmm
