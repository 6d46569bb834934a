// SPDX-License-Identifier: GPL-2.0-or-later
// Where kernel, boot tables, device tree and initrd go in guest RAM.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <lkvm/gpa.hpp>
#include <lkvm/ram_banks.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/kernel_image.hpp"

namespace lkvm::la {

/// Distance of a relocatable kernel from the start of its bank.
inline constexpr std::uint64_t kernel_offset = 0x200000;
/// What Linux's page tables need of a load address.
inline constexpr std::uint64_t kernel_load_alignment = 0x10000;
inline constexpr std::uint64_t boot_part_alignment = 0x10000;
/// Bytes of a command line with its NUL that Linux reads (COMMAND_LINE_SIZE).
inline constexpr std::size_t command_line_limit = 4096;

/// Offsets of the boot tables from BootLayout::tables. Parts that the memory map tells apart start
/// at multiples of boot_part_alignment, so that they are whole pages for every guest page size.
namespace boot_table {
inline constexpr std::uint64_t command_line = 0x10000;
inline constexpr std::uint64_t system_table = 0x14000;
inline constexpr std::uint64_t config_tables = 0x15000;
inline constexpr std::uint64_t initrd_record = 0x17000;
inline constexpr std::uint64_t vendor = 0x17100;
inline constexpr std::uint64_t rng_seed = 0x17200;
inline constexpr std::uint64_t runtime_properties = 0x17400;
inline constexpr std::uint64_t memory_map = 0x20000;
inline constexpr std::uint64_t runtime = 0x30000;
inline constexpr std::uint64_t device_tree = 0x40000;
}  // namespace boot_table

/// What has to be placed.
struct BootSizes {
    std::uint64_t initrd = 0;                        ///< bytes; 0: none
    std::uint64_t device_tree = 0;                   ///< bytes, an upper bound
    std::optional<Gpa> load_address = std::nullopt;  ///< instead of the usual choice
};

/// Addresses of everything; no two ranges overlap and each lies in one bank.
struct BootLayout {
    KernelImage image;
    Gpa load;         ///< of the image's first byte
    Gpa entry;        ///< where the boot CPU starts
    Gpa tables;       ///< base of the boot tables
    Gpa device_tree;  ///< 64 KiB aligned
    std::uint64_t device_tree_room = 0;
    Gpa initrd;  ///< 64 KiB aligned; meaningless without an initrd
    std::uint64_t initrd_size = 0;

    [[nodiscard]] constexpr bool relocated() const { return load.value != image.link_address; }
};

/// Chooses addresses. The kernel goes to the lowest bank + kernel_offset, except where
/// `load_address` says otherwise, the image cannot be relocated, or it is an ELF file of unknown
/// kind whose link address lies in that bank. All else goes to the lowest bank.
/// Errors: a BootFault each for kernel, tables and initrd that do not fit.
[[nodiscard]] Result<BootLayout> plan_boot(const RamBanks& banks, const KernelImage& image,
                                           const BootSizes& sizes);

}  // namespace lkvm::la
