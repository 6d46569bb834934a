// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical addresses and PCH-PIC pins of the platform. Where Linux or users know an address,
// it is that of QEMU's LoongArch virt machine.
#pragma once

#include <cstdint>

#include <lkvm/gpa.hpp>

namespace lkvm::la {

inline constexpr unsigned max_cpus = 64;

/// With more CPUs than this, interrupts can only reach all of them through the virtual extension
/// of the EIOINTC.
inline constexpr unsigned cpus_per_eiointc_node = 4;

namespace memory_map {

/// A low RAM bank lies inside [0, low_ram_end); all others start at high_ram_base or above.
inline constexpr std::uint64_t low_ram_end = 0x10000000;
inline constexpr std::uint64_t high_ram_base = 0x80000000;

inline constexpr Gpa pch_pic_base{0x10000000};
inline constexpr std::uint64_t pch_pic_size = 0x400;

/// Power-management registers (rtc_pm_*) and the RTC proper share one device.
inline constexpr Gpa rtc_pm_base{0x100d0000};
inline constexpr Gpa rtc_base{0x100d0100};
inline constexpr std::uint64_t rtc_size = 0x100;

inline constexpr Gpa power_base{0x100e001c};
inline constexpr std::uint64_t power_size = 3;

inline constexpr Gpa virtio_base{0x16000000};
inline constexpr std::uint64_t virtio_stride = 0x200;

/// Legacy I/O ports 0..0x3fff.
inline constexpr Gpa legacy_io_base{0x18000000};
inline constexpr std::uint64_t legacy_io_size = 0x4000;

/// Start-up code of secondary CPUs, read-only and executable.
inline constexpr Gpa boot_rom_base{0x1c000000};
inline constexpr std::uint64_t boot_rom_size = 0x10000;

inline constexpr Gpa uart_base{0x1fe001e0};
inline constexpr std::uint64_t uart_size = 8;

/// With firmware instead of a kernel: its code, read-only, in the place of boot_rom_base; the flash
/// of its variables; what it is told (fw_cfg); and where it looks for the device tree, in RAM.
inline constexpr Gpa firmware_base{0x1c000000};
inline constexpr std::uint64_t firmware_size = 0x1000000;
inline constexpr Gpa variables_base{0x1d000000};
inline constexpr std::uint64_t variables_size = 0x1000000;
inline constexpr Gpa fw_cfg_base{0x1e020000};
inline constexpr std::uint64_t fw_cfg_size = 0x18;
inline constexpr Gpa firmware_tree_base{0x100000};

}  // namespace memory_map

namespace pins {

inline constexpr unsigned uart = 2;
inline constexpr unsigned rtc = 6;
inline constexpr unsigned count = 32;

}  // namespace pins

/// virtio-mmio places: slot n answers at virtio_base + n * virtio_stride.
inline constexpr unsigned max_virtio_slots = 20;

struct VirtioSlot {
    Gpa base;
    unsigned pin = 0;  ///< edge-rising PCH-PIC input
};

/// Slots 0..7 own pins 8..15, slots 8..19 pins 20..31. `slot` below max_virtio_slots.
[[nodiscard]] constexpr VirtioSlot virtio_slot(unsigned slot) {
    const Gpa base{memory_map::virtio_base.value + slot * memory_map::virtio_stride};
    return VirtioSlot{base, slot < 8 ? 8 + slot : 12 + slot};
}

static_assert(virtio_slot(7).pin == 15 && virtio_slot(8).pin == 20);
static_assert(virtio_slot(max_virtio_slots - 1).pin == pins::count - 1);

}  // namespace lkvm::la
