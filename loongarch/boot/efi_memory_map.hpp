// SPDX-License-Identifier: GPL-2.0-or-later
// The EFI memory map: every RAM bank, cut where its parts have different uses.
#pragma once

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/boot_layout.hpp"

namespace lkvm::la {

/// Writes Linux's memory map table to layout.tables + boot_table::memory_map. Descriptors are
/// sorted and cover exactly the banks. Errors: `out_of_range`.
[[nodiscard]] Result<> write_efi_memory_map(const GuestMemory& memory, const BootLayout& layout);

}  // namespace lkvm::la
