// SPDX-License-Identifier: GPL-2.0-or-later
// Started by firmware: what is asked of it before it lets go.
#pragma once

#include <cstddef>
#include <span>

#include "baremetal/memory/efi_memory.hpp"

namespace lkvm::hv {

/// Firmware's memory map, empty if it was not firmware that started us.
[[nodiscard]] EfiMemoryMap efi_memory_map();

/// The initial RAM disk that firmware handed over, at its physical address; empty: none.
[[nodiscard]] std::span<const std::byte> efi_initrd();

}  // namespace lkvm::hv
