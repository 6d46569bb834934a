// SPDX-License-Identifier: GPL-2.0-or-later
// Fills guest RAM for a boot that plan_boot() laid out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/efi_tables.hpp"

namespace lkvm::la {

/// Registers of the boot CPU. Linux Documentation/arch/loongarch/booting.rst.
struct BootState {
    std::uint64_t pc = 0;  ///< physical
    std::uint64_t a0 = 0;  ///< 1: EFI boot
    std::uint64_t a1 = 0;  ///< command line
    std::uint64_t a2 = 0;  ///< EFI system table
};

/// Copies the kernel whose headers are layout.image and clears everything else up to its memory
/// size. `file` must be the file that was parsed; if it changed since, the error is `truncated`.
[[nodiscard]] Result<> load_kernel(const GuestMemory& memory, const BootLayout& layout,
                                   std::span<const std::byte> file);

/// What goes beside the kernel and the initrd.
struct BootData {
    std::string_view command_line = {};           ///< without NUL, below command_line_limit bytes
    std::span<const std::byte> device_tree = {};  ///< at most layout.device_tree_room bytes
    std::span<const std::byte> rng_seed = {};     ///< may be empty
    RuntimeClock clock = RuntimeClock::none;
};

/// Writes command line, device tree and EFI tables and says how the boot CPU starts. The initrd's
/// bytes are the caller's to place at layout.initrd. Errors: `command_line_too_long`,
/// `device_tree_too_big` and those of write_efi_tables().
[[nodiscard]] Result<BootState> load_boot_data(const GuestMemory& memory, const BootLayout& layout,
                                               const BootData& data);

}  // namespace lkvm::la
