// SPDX-License-Identifier: GPL-2.0-or-later
// Writes the synthetic EFI tables that hand device tree, initrd and memory map to Linux.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/boot_layout.hpp"

namespace lkvm::la {

/// Bytes that the hosted and bare-metal programs offer as a seed.
inline constexpr std::size_t rng_seed_size = 32;

/// Whether the guest may read and set the RTC through EFI, as Linux without a driver for the RTC
/// does. The platform needs an RTC for that.
enum class RuntimeClock : std::uint8_t { none, offered };

/// Writes system table, configuration tables, memory map, initrd record, vendor string and (if
/// `rng_seed` is not empty) the seed for Linux's random numbers at the addresses of `layout`.
/// Errors: `out_of_range` if the layout does not belong to this memory; `invalid_argument` for a
/// seed longer than 256 bytes.
[[nodiscard]] Result<> write_efi_tables(const GuestMemory& memory, const BootLayout& layout,
                                        std::span<const std::byte> rng_seed, RuntimeClock clock);

}  // namespace lkvm::la
