// SPDX-License-Identifier: GPL-2.0-or-later
// Physical addresses as pointers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lkvm::hv {

// Direct-mapped windows that boot/entry.cpp sets up.
inline constexpr std::uint64_t uncached_window = 0x8000'0000'0000'0000;
inline constexpr std::uint64_t cached_window = 0x9000'0000'0000'0000;
inline constexpr std::uint64_t address_mask = 0x0000'ffff'ffff'ffff;

/// Where physical memory is seen. Another value only in tests, whose memory is "physical" where it
/// lies.
inline constinit std::uint64_t memory_window = cached_window;

/// Physical memory through the window.
template<class T = std::byte>
[[nodiscard]] inline T* physical_pointer(std::uint64_t address) {
    return reinterpret_cast<T*>((address & address_mask) | memory_window);
}
[[nodiscard]] inline std::uint64_t physical_address(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer) & address_mask;
}

}  // namespace lkvm::hv
