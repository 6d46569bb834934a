// SPDX-License-Identifier: GPL-2.0-or-later
// Does the checksum that a sender left to whoever gets the frame. VIRTIO 1.2 §5.1.6.2.
#pragma once

#include <cstddef>
#include <span>

#include <lkvm/net_backend.hpp>

namespace lkvm::hv {

/// Puts in the checksum that `header` (with F_NEEDS_CSUM) asks for. False: it lies outside.
[[nodiscard]] bool complete_checksum(const NetHeader& header, std::span<std::byte> frame);

}  // namespace lkvm::hv
