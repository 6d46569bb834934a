// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the options that add devices.
#pragma once

#include <string_view>

#include "vmm/host/disk_image.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// FILE[,ro][,direct][,serial=TEXT][,queues=N][,packed][,io=auto|io_uring|threads]
[[nodiscard]] Outcome<DiskOptions> parse_disk(std::string_view argument);

}  // namespace lkvm::vmm
