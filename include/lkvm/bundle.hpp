// SPDX-License-Identifier: GPL-2.0-or-later
// The bundle: zones and their images in one file, made by `lkvm pack`, booted by lkvm-zones or
// `lkvm run --bundle`. Records have fixed sizes; what is unused or reserved is zero.
//
// Layout: Header, Header::zone_count Zone records, then images at multiples of image_alignment.
// Zones may share images that nobody writes to.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <lkvm/endian.hpp>
#include <lkvm/ram_banks.hpp>

namespace lkvm::bundle {

inline constexpr std::uint64_t magic = 0x454e4f5a4d564b4c;  // "LKVMZONE"
inline constexpr std::uint32_t version = 2;
inline constexpr std::size_t max_zones = 16;
inline constexpr unsigned max_zone_cpus = 16;
inline constexpr std::size_t max_disks = 8;
inline constexpr std::size_t max_ports = 4;
inline constexpr std::size_t max_regions = 4;
inline constexpr std::size_t max_passed = 8;
inline constexpr std::size_t name_size = 32;
inline constexpr std::size_t serial_size = 20;
inline constexpr std::size_t compatible_size = 64;
inline constexpr std::size_t command_line_size = 2048;
/// Images start at multiples of this, disks in the bundle are multiples of it.
inline constexpr std::uint64_t image_alignment = 4096;
inline constexpr std::uint64_t sector_size = 512;
/// Of shared regions and passed-through ranges: the page size of stage 2.
inline constexpr std::uint64_t page_size = 0x4000;

/// `lkvm pack --image` writes lkvm-zones.efi, padded to the size it has in memory, and the bundle
/// behind it. This double word of the image's header (reserved by Linux's boot protocol) then
/// holds the bundle's distance from the start of the image, in the file as in memory; otherwise 0.
/// The image size of the header (at 0x10, and that of the PE header) covers the bundle.
inline constexpr std::size_t image_bundle_offset = 0x20;

using Name = std::array<char, name_size>;  ///< NUL-terminated; letters, digits, '-', '_', '.'

struct Bank {
    Le64 base;
    Le64 size;
};

/// Bytes [offset, offset + size) of the file; size 0: none.
struct Image {
    Le64 offset;
    Le64 size;
    Le32 crc;  ///< CRC-32 of its bytes
    Le32 reserved;
};

namespace zone_flags {
inline constexpr std::uint32_t rng = 1;
inline constexpr std::uint32_t control = 2;        ///< manages the other zones; at most one zone
inline constexpr std::uint32_t manual_start = 4;   ///< not started at boot
inline constexpr std::uint32_t pinned = 8;         ///< Zone::cpus says which physical CPUs
inline constexpr std::uint32_t load_address = 16;  ///< Zone::load_address is meant
inline constexpr std::uint32_t known = 31;
}  // namespace zone_flags

enum class ConsoleKind : std::uint32_t { serial = 0, virtio = 1 };

enum class DiskKind : std::uint32_t {
    ram = 0,    ///< an image of the bundle, written to in memory only
    board = 1,  ///< sectors of one of the board's disks
};

namespace disk_flags {
inline constexpr std::uint32_t read_only = 1;
inline constexpr std::uint32_t known = 1;
}  // namespace disk_flags

struct Disk {
    Le32 kind;        ///< DiskKind
    Le32 flags;       ///< disk_flags
    Image image;      ///< ram
    Le32 board_disk;  ///< board: number in the order of the board's description
    Le32 reserved;
    Le64 first_sector;                     ///< board
    Le64 sector_count;                     ///< board
    std::array<char, serial_size> serial;  ///< padded with NUL
    Le32 reserved2;
};

/// An interface on a network of the board's zones.
struct Port {
    Name network;
    std::array<std::uint8_t, 6> mac;
    Le16 mtu;  ///< 0: the usual
};

namespace region_flags {
inline constexpr std::uint32_t read_only = 1;  ///< for this zone
inline constexpr std::uint32_t known = 1;
}  // namespace region_flags

/// Memory that all zones have which name it.
struct Region {
    Name name;
    Le64 base;  ///< guest-physical
    Le64 size;  ///< the same in all zones
    Le32 flags;
    Le32 reserved;
};

inline constexpr std::uint32_t no_interrupt = 0xffffffff;

namespace passed_flags {
/// The device reaches memory by itself, so its zone has its banks where the board has them and can
/// be harmed by nobody but can harm everybody.
inline constexpr std::uint32_t dma = 1;
inline constexpr std::uint32_t known = 1;
}  // namespace passed_flags

/// A device of the board that belongs to one zone.
struct Passed {
    Le64 base;  ///< on the board
    Le64 size;
    Le64 guest_base;
    Le32 interrupt;  ///< input of the board's PCH-PIC, or no_interrupt
    Le32 guest_pin;  ///< input of the zone's PCH-PIC; level-triggered
    Le32 flags;
    Le32 reserved;
    std::array<char, compatible_size> compatible;  ///< for the device tree, NUL-terminated
};

struct Zone {
    Name name;
    Le32 flags;    ///< zone_flags
    Le32 console;  ///< ConsoleKind
    Le32 cpu_count;
    Le32 bank_count;
    Le32 disk_count;
    Le32 port_count;
    Le32 region_count;
    Le32 passed_count;
    std::array<Le32, max_zone_cpus> cpus;  ///< physical CPUs, with zone_flags::pinned
    std::array<Bank, max_ram_banks> banks;
    Le64 load_address;  ///< of the kernel, with zone_flags::load_address
    Image kernel;       ///< decompressed: PE Image or ELF
    Image initrd;
    std::array<Disk, max_disks> disks;
    std::array<Port, max_ports> ports;
    std::array<Region, max_regions> regions;
    std::array<Passed, max_passed> passed;
    std::array<char, command_line_size> command_line;  ///< NUL-terminated
};

struct Header {
    Le64 magic;
    Le32 version;
    Le32 zone_count;
    Le64 size;       ///< of the whole file
    Le32 zone_size;  ///< sizeof(Zone)
    Le32 crc;        ///< CRC-32 of header (this field 0) and zone records
    std::array<Le64, 4> reserved;
    // zone_count Zone records follow.
};
static_assert(sizeof(Header) == 64);
static_assert(sizeof(Image) == 24 && sizeof(Disk) == 80 && sizeof(Port) == 40);
static_assert(sizeof(Region) == 56 && sizeof(Passed) == 104);
static_assert(sizeof(Zone) == 64 + 64 + 128 + 8 + 48 + 640 + 160 + 224 + 832 + 2048);

/// The text in a field, up to its NUL or its end.
template<std::size_t size>
[[nodiscard]] constexpr std::string_view text_of(const std::array<char, size>& field) {
    std::size_t length = 0;
    while (length < size && field[length] != 0) ++length;
    return {field.data(), length};
}

}  // namespace lkvm::bundle
