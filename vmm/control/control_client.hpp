// SPDX-License-Identifier: GPL-2.0-or-later
// Asks a running guest through its control socket.
#pragma once

#include <string>
#include <string_view>

#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Sends one request to the guest and returns the lines of its answer. Failures: there is no such
/// guest, it does not answer, or it refuses.
[[nodiscard]] Outcome<std::string> ask_guest(const std::string& name, std::string_view request);

/// Whether anybody listens; removes the socket of a guest that is gone.
[[nodiscard]] bool guest_runs(const std::string& name);

}  // namespace lkvm::vmm
