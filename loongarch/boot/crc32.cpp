// SPDX-License-Identifier: GPL-2.0-or-later
// Eight bytes at a time: table n has the CRC of a byte followed by n zero bytes.
#include "loongarch/boot/crc32.hpp"

#include <array>

namespace lkvm::la {
namespace {

constexpr std::size_t stride = 8;
constexpr std::size_t byte_values = 256;
using Tables = std::array<std::array<std::uint32_t, byte_values>, stride>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t value = 0; value < byte_values; ++value) {
        std::uint32_t crc = value;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
        tables[0][value] = crc;
    }
    for (std::size_t n = 1; n < stride; ++n) {
        for (std::size_t value = 0; value < byte_values; ++value) {
            const std::uint32_t before = tables[n - 1][value];
            tables[n][value] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
    return tables;
}

constexpr Tables tables = make_tables();

}  // namespace

std::uint32_t crc32(std::span<const std::byte> bytes, std::uint32_t before) {
    std::uint32_t crc = ~before;
    while (bytes.size() >= stride) {
        std::uint32_t next = 0;
        for (std::size_t i = 0; i < stride; ++i) {
            const auto byte = std::to_integer<std::uint32_t>(bytes[i]);
            const std::uint32_t index = i < 4 ? byte ^ (crc >> (8 * i) & 0xff) : byte;
            next ^= tables[stride - 1 - i][index];
        }
        crc = next;
        bytes = bytes.subspan(stride);
    }
    for (const std::byte byte : bytes) {
        crc = crc >> 8 ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(byte)) & 0xff];
    }
    return ~crc;
}

}  // namespace lkvm::la
