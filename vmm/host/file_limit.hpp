// SPDX-License-Identifier: GPL-2.0-or-later
// How many files this process may have open.
#pragma once

#include <cstddef>

namespace lkvm::vmm {

/// Raises the limit as far as it goes without privileges; returns it. Any thread.
std::size_t raise_file_limit();

}  // namespace lkvm::vmm
