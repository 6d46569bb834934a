// SPDX-License-Identifier: GPL-2.0-or-later
// Registers of virtio over MMIO, version 2. VIRTIO 1.2 §4.2.2.
#pragma once

#include <cstdint>

namespace lkvm::virtio::mmio {

inline constexpr std::uint64_t MagicValue = 0x000;
inline constexpr std::uint64_t Version = 0x004;
inline constexpr std::uint64_t DeviceID = 0x008;
inline constexpr std::uint64_t VendorID = 0x00c;
inline constexpr std::uint64_t DeviceFeatures = 0x010;
inline constexpr std::uint64_t DeviceFeaturesSel = 0x014;
inline constexpr std::uint64_t DriverFeatures = 0x020;
inline constexpr std::uint64_t DriverFeaturesSel = 0x024;
inline constexpr std::uint64_t QueueSel = 0x030;
inline constexpr std::uint64_t QueueNumMax = 0x034;
inline constexpr std::uint64_t QueueNum = 0x038;
inline constexpr std::uint64_t QueueReady = 0x044;
inline constexpr std::uint64_t QueueNotify = 0x050;
inline constexpr std::uint64_t InterruptStatus = 0x060;
inline constexpr std::uint64_t InterruptACK = 0x064;
inline constexpr std::uint64_t Status = 0x070;
inline constexpr std::uint64_t QueueDescLow = 0x080;
inline constexpr std::uint64_t QueueDescHigh = 0x084;
inline constexpr std::uint64_t QueueDriverLow = 0x090;
inline constexpr std::uint64_t QueueDriverHigh = 0x094;
inline constexpr std::uint64_t QueueDeviceLow = 0x0a0;
inline constexpr std::uint64_t QueueDeviceHigh = 0x0a4;
inline constexpr std::uint64_t SHMSel = 0x0ac;
inline constexpr std::uint64_t SHMLenLow = 0x0b0;
inline constexpr std::uint64_t SHMLenHigh = 0x0b4;
inline constexpr std::uint64_t SHMBaseLow = 0x0b8;
inline constexpr std::uint64_t SHMBaseHigh = 0x0bc;
inline constexpr std::uint64_t QueueReset = 0x0c0;
inline constexpr std::uint64_t ConfigGeneration = 0x0fc;
inline constexpr std::uint64_t Config = 0x100;

inline constexpr std::uint64_t window_size = 0x200;
inline constexpr unsigned register_size = 4;

inline constexpr std::uint32_t magic = 0x74726976;  // "virt"
inline constexpr std::uint32_t version = 2;
inline constexpr std::uint32_t vendor = 0x4d564b4c;  // "LKVM"

/// InterruptStatus and InterruptACK.
inline constexpr std::uint32_t interrupt_used_buffer = 1;
inline constexpr std::uint32_t interrupt_config_change = 2;

}  // namespace lkvm::virtio::mmio
