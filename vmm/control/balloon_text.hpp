// SPDX-License-Identifier: GPL-2.0-or-later
// The state of a balloon for people and scripts.
#pragma once

#include <string>

#include "vmm/devices/balloon_device.hpp"

namespace lkvm::vmm {

/// Lines of "name value"; bytes, but for what is counted.
[[nodiscard]] std::string describe(const BalloonState& state);

}  // namespace lkvm::vmm
