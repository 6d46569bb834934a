// SPDX-License-Identifier: GPL-2.0-or-later
// Start-up code of secondary CPUs, in a read-only window at memory_map::boot_rom_base.
#pragma once

#include <cstddef>
#include <span>

#include <lkvm/gpa.hpp>

#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

/// The code, to be copied to the start of boot_rom_size bytes of executable memory at
/// boot_rom_base; the rest may be anything. It waits for the boot CPU's IPI without taking host
/// time and then jumps to the address in mailbox 0, as Linux expects of firmware.
[[nodiscard]] std::span<const std::byte> boot_rom();

/// Where a secondary CPU starts, in direct address mode with interrupts off (CRMD 8).
inline constexpr Gpa boot_rom_entry{memory_map::boot_rom_base.value + 0x20};

}  // namespace lkvm::la
