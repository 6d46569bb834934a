// SPDX-License-Identifier: GPL-2.0-or-later
// Where guests are found by their names.
#pragma once

#include <string>
#include <vector>

namespace lkvm::vmm {

/// ~/.lkvm; empty if there is no HOME.
[[nodiscard]] std::string control_folder();
/// The control socket of a guest; empty if there is no folder for it.
[[nodiscard]] std::string control_path(const std::string& guest_name);
/// Names of all guests that have, or left behind, a control socket, sorted.
[[nodiscard]] std::vector<std::string> control_names();

}  // namespace lkvm::vmm
