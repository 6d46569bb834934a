// SPDX-License-Identifier: GPL-2.0-or-later
// The header before every frame, and what makes one acceptable. VIRTIO 1.2 §5.1.6.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <lkvm/net_backend.hpp>

namespace lkvm::virtio::net {

/// A copy of `header`, of a frame of `frame_size` bytes, in which everything that is not asked for
/// is zero; or nothing if it asks for something that is not among `allowed` or makes no sense.
/// Used for both directions: neither the guest's headers nor those of an interface whose switches
/// lag behind are believed.
[[nodiscard]] std::optional<NetHeader> checked_header(const NetHeader& header,
                                                      std::size_t frame_size, NetOffloads allowed);

}  // namespace lkvm::virtio::net
