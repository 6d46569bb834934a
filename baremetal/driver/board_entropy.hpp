// SPDX-License-Identifier: GPL-2.0-or-later
// Random bytes of a virtio-rng device of the board. VIRTIO 1.2 §5.4.
#pragma once

#include <cstddef>
#include <span>

#include <lkvm/result.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/driver/registers.hpp"

namespace lkvm::hv {

/// Starts the device, asks it for bytes for the front of `to` (in memory that it reaches), and
/// stops it. Returns how many came. Errors: those of start_virtio() and Arena, `not_found` (it does
/// not answer).
[[nodiscard]] Result<std::size_t> read_board_entropy(DeviceRegisters& registers, Arena& arena,
                                                     BusAddress bus, std::span<std::byte> to);

}  // namespace lkvm::hv
