// SPDX-License-Identifier: GPL-2.0-or-later
// Joining TCP segments, the reverse of segmentation offload. RFC 9293, RFC 791, RFC 8200.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <lkvm/net_backend.hpp>

namespace lkvm::vmm {

/// Where the parts of a plain data segment are: TCP over IPv4 without options, or over IPv6 without
/// extension headers, in one Ethernet frame, no flags but ACK and PSH, some payload.
struct TcpSegment {
    bool ipv6 = false;
    bool push = false;
    std::size_t tcp_offset = 0;
    std::size_t payload_offset = 0;
    std::size_t payload_size = 0;
};

/// Nothing if the frame is something else.
[[nodiscard]] std::optional<TcpSegment> parse_segment(std::span<const std::byte> frame);

/// Appends the payload of `next`, which parse_segment() took apart as `segment`, to `frame`, which
/// is a data segment or several joined ones, and makes `header` one that asks for cutting. False,
/// and nothing happens, if `next` does not follow in the same stream, all else being equal.
[[nodiscard]] bool join_segment(NetHeader& header, std::vector<std::byte>& frame,
                                std::span<const std::byte> next, const TcpSegment& segment);

}  // namespace lkvm::vmm
