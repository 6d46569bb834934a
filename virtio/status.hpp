// SPDX-License-Identifier: GPL-2.0-or-later
// The device status field and the steps that a driver may take. VIRTIO 1.2 §2.1, §3.1.
#pragma once

#include <cstdint>

namespace lkvm::virtio {

namespace status {

inline constexpr std::uint32_t ACKNOWLEDGE = 1;
inline constexpr std::uint32_t DRIVER = 2;
inline constexpr std::uint32_t DRIVER_OK = 4;
inline constexpr std::uint32_t FEATURES_OK = 8;
inline constexpr std::uint32_t DEVICE_NEEDS_RESET = 64;
inline constexpr std::uint32_t FAILED = 128;

}  // namespace status

/// Whether a driver may write `to` over `from`, both without DEVICE_NEEDS_RESET and FAILED: bits
/// are only added, in the order of the steps of §3.1.1; several steps at once are fine.
[[nodiscard]] constexpr bool legal_status_step(std::uint32_t from, std::uint32_t to) {
    using namespace status;
    constexpr std::uint32_t steps[] = {
        0,
        ACKNOWLEDGE,
        ACKNOWLEDGE | DRIVER,
        ACKNOWLEDGE | DRIVER | FEATURES_OK,
        ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK,
    };
    if ((from & ~to) != 0) return false;
    for (const std::uint32_t step : steps) {
        if (to == step) return true;
    }
    return false;
}

}  // namespace lkvm::virtio
