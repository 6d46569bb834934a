// SPDX-License-Identifier: GPL-2.0-or-later
// Bringing up a virtio-mmio device of the board. VIRTIO 1.2 §3.1, §4.2.3.
#pragma once

#include <cstdint>

#include <lkvm/result.hpp>

#include "baremetal/driver/registers.hpp"
#include "baremetal/driver/virtqueue.hpp"
#include "virtio/device.hpp"

namespace lkvm::hv {

/// Type of the device behind `registers`, or 0: nothing, or no virtio-mmio device of version 2.
[[nodiscard]] std::uint32_t probe_virtio(DeviceRegisters& registers);

/// Resets the device, agrees on `wanted` of its features with it, gives it `queue` as queue 0 and
/// starts it. INDIRECT_DESC and VERSION_1 are always wanted. Returns the features agreed on.
/// Errors: `not_supported` (no VERSION_1 or indirect descriptors, or it refuses), `out_of_range`
/// (its queue is too short).
[[nodiscard]] Result<std::uint64_t> start_virtio(DeviceRegisters& registers, std::uint64_t wanted,
                                                 const Virtqueue& queue);

}  // namespace lkvm::hv
