// SPDX-License-Identifier: GPL-2.0-or-later
// Feature bits that belong to no device type. VIRTIO 1.2 §6.
#pragma once

#include <cstdint>

namespace lkvm::virtio {

/// A feature bit number as a mask.
[[nodiscard]] constexpr std::uint64_t feature(unsigned bit) {
    return std::uint64_t{1} << bit;
}

inline constexpr std::uint64_t F_INDIRECT_DESC = feature(28);
inline constexpr std::uint64_t F_EVENT_IDX = feature(29);
inline constexpr std::uint64_t F_VERSION_1 = feature(32);
inline constexpr std::uint64_t F_RING_PACKED = feature(34);
inline constexpr std::uint64_t F_RING_RESET = feature(40);

}  // namespace lkvm::virtio
