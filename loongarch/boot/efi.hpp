// SPDX-License-Identifier: GPL-2.0-or-later
// The few EFI structures that Linux reads at boot, as they lie in memory. UEFI 2.10 §4.3, §4.6,
// §7.2; Linux's own configuration tables as in its include/linux/efi.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/endian.hpp>

namespace lkvm::la::efi {

inline constexpr std::uint64_t page_size = 4096;

struct TableHeader {
    Le64 signature;
    Le32 revision;
    Le32 header_size;
    Le32 crc32;  ///< of the whole table with this field zero
    Le32 reserved;
};
static_assert(sizeof(TableHeader) == 24);

inline constexpr std::uint64_t system_table_signature = 0x5453595320494249;
inline constexpr std::uint32_t revision_2_10 = (2u << 16) | 100;

struct SystemTable {
    TableHeader header;
    Le64 firmware_vendor;  ///< address of a UTF-16 string
    Le32 firmware_revision;
    Le32 padding;
    std::array<Le64, 6> console;  ///< handles and protocols, all 0
    Le64 runtime_services;
    Le64 boot_services;
    Le64 table_count;
    Le64 tables;  ///< address of the configuration tables
};
static_assert(sizeof(SystemTable) == 120);
static_assert(offsetof(SystemTable, runtime_services) == 88);

inline constexpr std::uint64_t runtime_services_signature = 0x56524553544e5552;

/// Places in RuntimeServices::services.
inline constexpr std::size_t service_get_time = 0;
inline constexpr std::size_t service_set_time = 1;
inline constexpr std::size_t service_reset_system = 10;

struct RuntimeServices {
    TableHeader header;
    std::array<Le64, 14> services;  ///< addresses, in the order of UEFI 2.10 §4.5
};
static_assert(sizeof(RuntimeServices) == 136);

/// EFI_RT_PROPERTIES_TABLE, UEFI 2.10 §4.6.2.
struct RuntimeProperties {
    Le16 version;
    Le16 length;
    Le32 supported;  ///< a bit per service, in the order above
};
static_assert(sizeof(RuntimeProperties) == 8);

/// CRC-32 of a table whose own field is still zero.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes);

struct Guid {
    std::array<std::uint8_t, 16> bytes;
};

struct ConfigTable {
    Guid guid;
    Le64 address;
};
static_assert(sizeof(ConfigTable) == 24);

inline constexpr Guid device_tree_guid{{0xd5, 0x21, 0xb6, 0xb1, 0x9c, 0xf1, 0xa5, 0x41, 0x83, 0x0b,
                                        0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0}};
inline constexpr Guid memory_map_guid{{0x3f, 0x68, 0x0f, 0x80, 0x8b, 0xd0, 0x3a, 0x42, 0xa2, 0x93,
                                       0x96, 0x5c, 0x3c, 0x6f, 0xe2, 0xb4}};
inline constexpr Guid initrd_guid{{0x27, 0xe4, 0x68, 0x55, 0xfc, 0x68, 0x3d, 0x4f, 0xac, 0x74, 0xca,
                                   0x55, 0x52, 0x31, 0xcc, 0x68}};
inline constexpr Guid rng_seed_guid{{0xbc, 0xe5, 0xe1, 0x1c, 0xeb, 0x7c, 0xf2, 0x42, 0x81, 0xe5,
                                     0x8a, 0xad, 0xf1, 0x80, 0xf5, 0x7b}};
/// ACPI's root pointer of revision 2 and up.
inline constexpr Guid acpi_guid{{0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00,
                                 0x80, 0xc7, 0x3c, 0x88, 0x81}};

inline constexpr Guid runtime_properties_guid{{0x8a, 0x91, 0x66, 0xeb, 0xef, 0x7e, 0x2a, 0x40, 0x84,
                                               0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9}};

enum class MemoryType : std::uint32_t {
    loader_code = 1,
    loader_data = 2,
    boot_services_code = 3,
    boot_services_data = 4,
    runtime_code = 5,
    conventional = 7,
    /// What Linux counts as RAM but never touches: here, tables that it reads late.
    acpi_reclaim = 9,
};

inline constexpr std::uint64_t memory_write_back = 8;
inline constexpr std::uint64_t memory_runtime = std::uint64_t{1} << 63;

struct MemoryDescriptor {
    Le32 type;
    Le32 padding;
    Le64 physical;
    Le64 virtual_address;
    Le64 pages;  ///< of efi::page_size
    Le64 attributes;
};
static_assert(sizeof(MemoryDescriptor) == 40);

/// Head of Linux's memory map table; descriptors follow.
struct BootMemoryMap {
    Le64 map_size;
    Le64 descriptor_size;
    Le32 descriptor_version;
    Le32 padding;
    Le64 map_key;
    Le64 buffer_size;
};
static_assert(sizeof(BootMemoryMap) == 40);

struct InitrdRecord {
    Le64 base;
    Le64 size;
};

}  // namespace lkvm::la::efi
