// SPDX-License-Identifier: GPL-2.0-or-later
// The device tree that describes the platform to a guest. DT spec v0.4; Linux
// Documentation/devicetree/bindings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <lkvm/gpa.hpp>
#include <lkvm/ram_banks.hpp>
#include <lkvm/result.hpp>

#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

/// Range of guest-physical addresses in bytes.
struct GpaRange {
    Gpa base;
    std::uint64_t size = 0;
};

/// Memory that a zone shares with others and the registers of its doorbell there.
struct SharedMemoryNode {
    std::string_view name;
    GpaRange memory;
    VirtioSlot doorbell;
    bool read_only = false;
};

/// A device that is none of the platform's: one of the board's that was passed through.
struct OtherDeviceNode {
    std::string_view compatible;
    GpaRange registers;
    std::optional<unsigned> pin{};  ///< level-triggered
};

/// What varies from one machine to the next. References must live until build_device_tree returns.
struct DeviceTreeConfig {
    const RamBanks& banks;
    unsigned cpu_count = 1;  ///< CPUIDs 0..cpu_count-1; 1..max_cpus
    /// Kernel command line, at most 4095 characters. Linux appends the EFI command line unless it
    /// occurs in this one already, so give the same text to both or leave this empty.
    std::string_view bootargs{};
    std::optional<GpaRange> initrd{};
    std::optional<std::array<std::byte, 32>> rng_seed{};
    std::uint32_t virtio_slots = 0;        ///< bit n: a device answers in slot n
    std::span<const GpaRange> reserved{};  ///< /memreserve/ entries
    std::span<const SharedMemoryNode> shared{};
    std::span<const OtherDeviceNode> others{};
    /// Called before each node, for callers that have other things to look at; may be null.
    void (*between_nodes)() = nullptr;
    bool firmware = false;  ///< the devices that firmware needs are there
};

/// Enough for max_cpus CPUs, all banks and slots, and the longest command line.
inline constexpr std::size_t device_tree_buffer_size = 0x8000;

/// Writes the tree to the start of `buffer` (8-byte aligned) and returns the used part. Errors:
/// `no_space`; `invalid_argument` (bootargs too long, cpu_count or virtio_slots out of range).
[[nodiscard]] Result<std::span<const std::byte>> build_device_tree(const DeviceTreeConfig& config,
                                                                   std::span<std::byte> buffer);

}  // namespace lkvm::la
