// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/checksum.hpp"

#include <cstdint>

namespace lkvm::hv {
namespace {

constexpr std::size_t checksum_size = 2;

/// RFC 1071, of big-endian words; a last odd byte counts as if a zero followed.
std::uint16_t ones_complement_sum(std::span<const std::byte> bytes) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto byte = static_cast<std::uint64_t>(bytes[i]);
        sum += i % 2 == 0 ? byte << 8 : byte;
    }
    while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
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
