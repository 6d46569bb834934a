// SPDX-License-Identifier: GPL-2.0-or-later
// Writing a whole file that the command line names.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Makes or replaces the contents of `path`. Failures name `option` and the file.
[[nodiscard]] Outcome<> write_output_file(const std::string& option, const std::string& path,
                                          std::span<const std::byte> bytes);

}  // namespace lkvm::vmm
