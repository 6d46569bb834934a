// SPDX-License-Identifier: GPL-2.0-or-later
// CRC-32 as EFI tables and bundles have it (ISO 3309).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lkvm::la {

/// `before`: the CRC of what comes before these bytes.
[[nodiscard]] std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before = 0);

}  // namespace lkvm::la
