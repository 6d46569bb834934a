// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the options that add devices.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vmm/devices/socket_port.hpp"
#include "vmm/host/disk_image.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// FILE[,ro][,direct][,serial=TEXT][,queues=N][,packed][,io=auto|io_uring|threads]
[[nodiscard]] Outcome<DiskOptions> parse_disk(std::string_view argument);

/// All of --port: NAME,PATH each, names unlike.
[[nodiscard]] Outcome<std::vector<PortOptions>> check_ports(
    const std::vector<std::string>& arguments);

}  // namespace lkvm::vmm
