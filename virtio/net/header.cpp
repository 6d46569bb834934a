// SPDX-License-Identifier: GPL-2.0-or-later
// VIRTIO 1.2 §5.1.6.2 (sending), §5.1.6.4 (receiving).
#include "virtio/net/header.hpp"

namespace lkvm::virtio::net {

namespace {

constexpr std::size_t checksum_size = 2;

/// The offload that cutting of this kind is, or 0 for a kind that is not known.
constexpr NetOffloads offload_of(std::uint8_t gso_type) {
    switch (gso_type) {
        case net_header::GSO_TCPV4:
            return net_offload::tcp4;
        case net_header::GSO_TCPV6:
            return net_offload::tcp6;
        case net_header::GSO_TCPV4 | net_header::GSO_ECN:
            return net_offload::tcp4 | net_offload::tcp_ecn;
        case net_header::GSO_TCPV6 | net_header::GSO_ECN:
            return net_offload::tcp6 | net_offload::tcp_ecn;
        case net_header::GSO_UDP_L4:
            return net_offload::udp;
        default:
            return 0;
    }
}

}  // namespace

std::optional<NetHeader> checked_header(const NetHeader& header, std::size_t frame_size,
                                        NetOffloads allowed) {
    NetHeader checked;
    if ((header.flags & net_header::F_NEEDS_CSUM) != 0) {
        if ((allowed & net_offload::checksum) == 0) return std::nullopt;
        const std::size_t start = header.csum_start;
        const std::size_t offset = header.csum_offset;
        if (start + offset + checksum_size > frame_size) return std::nullopt;
        checked.flags = net_header::F_NEEDS_CSUM;
        checked.csum_start = header.csum_start;
        checked.csum_offset = header.csum_offset;
    }
    if (header.gso_type == net_header::GSO_NONE) return checked;
    const NetOffloads needed = offload_of(header.gso_type);
    if (needed == 0 || (needed & ~allowed) != 0) return std::nullopt;
    // VIRTIO 1.2 §5.1.6.2.1: cutting includes making checksums.
    if (checked.flags == 0 || header.gso_size.value() == 0) return std::nullopt;
    checked.gso_type = header.gso_type;
    checked.gso_size = header.gso_size;
    // Only a hint, but one that receivers use to split header from payload.
    const std::size_t hint = header.hdr_len;
    checked.hdr_len = hint <= frame_size ? header.hdr_len : Le16{};
    return checked;
}

}  // namespace lkvm::virtio::net
