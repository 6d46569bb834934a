// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle: zones and their images in one file, made by `lkvm pack`, booted by lkvm-zones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lkvm/endian.hpp>
#include <lkvm/ram_banks.hpp>

namespace lkvm::bundle {

inline constexpr std::uint64_t magic = 0x314e4f5a4d564b4c;  // "LKVMZON1"
inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t max_zones = 16;
inline constexpr unsigned max_zone_cpus = 16;
inline constexpr std::size_t name_size = 32;
inline constexpr std::size_t command_line_size = 2048;
/// Images start at multiples of this.
inline constexpr std::uint64_t image_alignment = 4096;

struct Bank {
    Le64 base;
    Le64 size;
};

/// Bytes [offset, offset + size) of the file; size 0: none.
struct Image {
    Le64 offset;
    Le64 size;
};

struct Zone {
    std::array<char, name_size> name;  ///< NUL-terminated
    Le32 cpu_count;
    Le32 bank_count;
    std::array<Bank, max_ram_banks> banks;
    Image kernel;  ///< decompressed: PE Image or ELF
    Image initrd;
    std::array<char, command_line_size> command_line;  ///< NUL-terminated
};

struct Header {
    Le64 magic;
    Le32 version;
    Le32 zone_count;
    Le64 size;  ///< of the whole file
    Le32 crc;   ///< CRC-32 of everything behind the header
    Le32 reserved;
    // zone_count Zone records follow.
};
static_assert(sizeof(Header) == 32);
static_assert(sizeof(Zone) == name_size + 8 + max_ram_banks * 16 + 32 + command_line_size);

}  // namespace lkvm::bundle
