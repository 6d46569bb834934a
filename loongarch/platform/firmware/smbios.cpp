// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/smbios.hpp"

#include <array>
#include <cstdint>

namespace lkvm::la {

namespace {

constexpr std::uint8_t system_information = 1;
constexpr std::uint8_t system_size = 27;
constexpr std::uint8_t end_of_table = 127;
constexpr std::uint8_t header_size = 4;
constexpr std::uint8_t woken_by_switch = 6;

// clang-format off
constexpr std::array<std::uint8_t, system_size + 32 + header_size + 2> structures{
    // Type 1, by its strings: maker 1, product 2; no version, serial number or UUID.
    system_information, system_size, 0x00, 0x01, 1, 2, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    woken_by_switch, 0, 0,
    'l', 'k', 'v', 'm', 0,
    'L', 'o', 'o', 'n', 'g', 'A', 'r', 'c', 'h', ' ', 'v', 'i', 'r', 't', 'u', 'a', 'l', ' ',
    'm', 'a', 'c', 'h', 'i', 'n', 'e', 0, 0,
    end_of_table, header_size, 0x00, 0x7f, 0, 0,
};
// clang-format on

}  // namespace

std::span<const std::byte> smbios_structures() {
    return std::as_bytes(std::span{structures});
}

}  // namespace lkvm::la
