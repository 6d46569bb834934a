// SPDX-License-Identifier: GPL-2.0-or-later
// What the hypervisor answers, for people.
#pragma once

#include <string>

#include "vmm/json/json.hpp"

namespace lkvm::vmm {

/// A table of the answer to `list`.
[[nodiscard]] std::string zone_table(const Json& answer);
/// A paragraph for each zone of the answer to `stat`, and one for what they share.
[[nodiscard]] std::string zone_statistics(const Json& answer);

}  // namespace lkvm::vmm
