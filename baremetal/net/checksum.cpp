// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/checksum.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include <lkvm/endian.hpp>

namespace lkvm::hv {
namespace {

constexpr std::size_t checksum_size = 2;

/// RFC 1071, of big-endian words; a last odd byte counts as if a zero followed. Longer words of
/// either order give the same sum, but for a swap of its bytes at the end (§2 of the RFC).
std::uint16_t ones_complement_sum(std::span<const std::byte> bytes) {
    std::uint64_t sum = 0;
    for (; bytes.size() >= sizeof(std::uint32_t); bytes = bytes.subspan(sizeof(std::uint32_t))) {
        Le32 word;
        std::memcpy(&word, bytes.data(), sizeof(word));
        sum += word.value();
    }
    std::array<std::byte, sizeof(std::uint32_t)> rest{};
    std::memcpy(rest.data(), bytes.data(), bytes.size());
    Le32 word;
    std::memcpy(&word, rest.data(), sizeof(word));
    sum += word.value();
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>((sum >> 8 | sum << 8) & 0xffff);
}

}  // namespace

bool complete_checksum(const NetHeader& header, std::span<std::byte> frame) {
    const std::size_t start = header.csum_start;
    const std::size_t place = start + header.csum_offset;
    if (start > frame.size() || checksum_size > frame.size() ||
        place > frame.size() - checksum_size) {
        return false;
    }
    // The sender put the sum of the pseudo header in the field.
    auto sum = static_cast<std::uint16_t>(~ones_complement_sum(frame.subspan(start)));
    // Zero stands for "none" in UDP; both mean the same in one's complement.
    if (sum == 0) sum = 0xffff;
    frame[place] = static_cast<std::byte>(sum >> 8);
    frame[place + 1] = static_cast<std::byte>(sum);
    return true;
}

}  // namespace lkvm::hv
