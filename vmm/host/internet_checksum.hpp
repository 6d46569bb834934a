// SPDX-License-Identifier: GPL-2.0-or-later
// The checksum of IP, TCP and UDP. RFC 1071.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/net_backend.hpp>

namespace lkvm::vmm {

/// Ones' complement sum of big-endian 16-bit words, an odd last byte filled up with zero, added to
/// `start`; folded to 16 bits, not inverted.
[[nodiscard]] std::uint16_t internet_sum(std::span<const std::byte> bytes, std::uint32_t start = 0);

/// Makes the checksum that `header` says is needed, whose place holds that of the pseudo header.
/// The header lies inside the frame.
void complete_checksum(const NetHeader& header, std::span<std::byte> frame);

}  // namespace lkvm::vmm
