// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the options that join a guest with directories and sockets of the host.
#pragma once

#include <string_view>

#include "vmm/host/p9/shared_directory.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// DIRECTORY,TAG[,ro]
[[nodiscard]] Outcome<ShareOptions> parse_share(std::string_view argument);

}  // namespace lkvm::vmm
