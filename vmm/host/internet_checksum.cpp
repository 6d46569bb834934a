// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/internet_checksum.hpp"

#include <bit>
#include <cstring>

#include <lkvm/endian.hpp>

namespace lkvm::vmm {

namespace {

constexpr std::uint16_t fold(std::uint64_t sum) {
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

std::uint16_t internet_sum(std::span<const std::byte> bytes, std::uint32_t start) {
    // In the byte order of the host: RFC 1071 §2(B). The bound keeps the sum from overflowing.
    constexpr std::size_t chunk = std::size_t{1} << 32;
    std::uint64_t sum = 0;
    while (!bytes.empty()) {
        const std::span<const std::byte> part =
            bytes.first(bytes.size() < chunk ? bytes.size() : chunk);
        std::size_t at = 0;
        for (; part.size() - at >= sizeof(std::uint32_t); at += sizeof(std::uint32_t)) {
            std::uint32_t word = 0;
            std::memcpy(&word, part.data() + at, sizeof(word));
            sum += word;
        }
        std::uint32_t rest = 0;
        std::memcpy(&rest, part.data() + at, part.size() - at);
        sum = fold(sum + rest);
        bytes = bytes.subspan(part.size());
    }
    auto folded = static_cast<std::uint16_t>(sum);
    if constexpr (std::endian::native == std::endian::little) folded = swap_bytes(folded);
    return fold(std::uint64_t{start} + folded);
}

void complete_checksum(const NetHeader& header, std::span<std::byte> frame) {
    if ((header.flags & net_header::F_NEEDS_CSUM) == 0) return;
    const std::size_t start = header.csum_start;
    auto sum = static_cast<std::uint16_t>(~internet_sum(frame.subspan(start)));
    // Zero would say "no checksum" in UDP and is the same number as all ones. RFC 768.
    if (sum == 0) sum = 0xffff;
    const std::size_t place = start + header.csum_offset;
    frame[place] = static_cast<std::byte>(sum >> 8);
    frame[place + 1] = static_cast<std::byte>(sum & 0xff);
}

}  // namespace lkvm::vmm
