// SPDX-License-Identifier: GPL-2.0-or-later
// Started by firmware: what is asked of it before it lets go.
#pragma once

#include "baremetal/memory/efi_memory.hpp"

namespace lkvm::hv {

/// Firmware's memory map, empty if it was not firmware that started us.
[[nodiscard]] EfiMemoryMap efi_memory_map();

}  // namespace lkvm::hv
