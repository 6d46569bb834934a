// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the options that join a guest with directories and sockets of the host.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vmm/host/p9/shared_directory.hpp"
#include "vmm/host/vsock/vsock_options.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// DIRECTORY,TAG[,ro]
[[nodiscard]] Outcome<ShareOptions> parse_share(std::string_view argument);

/// Mount tag of a directory that is the root file system.
inline constexpr std::string_view root_tag = "/dev/root";
/// `--disk DIRECTORY[,ro]`; nothing if it is not a directory.
[[nodiscard]] std::optional<ShareOptions> parse_root_directory(std::string_view disk_argument);

/// CID[,path=SOCKET]. Without a path it is ~/.lkvm/NAME.vsock.
[[nodiscard]] Outcome<VsockOptions> parse_vsock(std::string_view argument,
                                                const std::string& guest_name);

}  // namespace lkvm::vmm
