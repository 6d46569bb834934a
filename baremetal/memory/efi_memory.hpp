// SPDX-License-Identifier: GPL-2.0-or-later
// Firmware's memory map as the board's memory. UEFI 2.10 §7.2.
#pragma once

#include <cstddef>
#include <span>

#include <lkvm/result.hpp>

#include "baremetal/memory/board_memory.hpp"

namespace lkvm::hv {

/// Descriptors are `step` bytes apart.
struct EfiMemoryMap {
    std::span<const std::byte> bytes;
    std::size_t step = 0;
};

/// Adds what firmware does not keep for itself. Errors: `too_many`, `bad_format`.
[[nodiscard]] Result<> add_efi_memory(const EfiMemoryMap& map, BoardMemory& memory);

}  // namespace lkvm::hv
