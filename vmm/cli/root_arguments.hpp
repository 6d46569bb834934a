// SPDX-License-Identifier: GPL-2.0-or-later
// What --disk means for the guest's root file system.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vmm/devices/device_options.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Whether a shared directory has this tag.
[[nodiscard]] bool has_tag(const DeviceOptions& devices, std::string_view tag);

/// All of --disk. As in kvmtool a directory becomes the root file system.
[[nodiscard]] Outcome<> check_disks(const std::vector<std::string>& arguments,
                                    DeviceOptions& devices);

/// What the kernel must be told, with a space before it, to find its root: the directory, or
/// without an initial RAM disk the first disk unless `params` have a root=. Empty if there is none.
[[nodiscard]] std::string root_command_line(const DeviceOptions& devices, bool has_initrd,
                                            const std::vector<std::string>& params);

/// The initrd.img that `make assets` made for the running program: assets/initrd.img beside it,
/// or ../share/lkvm/initrd.img. Empty if there is none.
[[nodiscard]] std::string built_initrd();

}  // namespace lkvm::vmm
