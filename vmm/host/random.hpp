// SPDX-License-Identifier: GPL-2.0-or-later
// Random bytes of the host.
#pragma once

#include <cstddef>
#include <span>

namespace lkvm::vmm {

/// Fills `bytes` (at most 256) from getrandom(2).
void fill_random(std::span<std::byte> bytes);

}  // namespace lkvm::vmm
