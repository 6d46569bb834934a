// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/tcp_segment.hpp"

#include <cstring>

#include "vmm/host/internet_checksum.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::size_t ethertype_offset = 12;
constexpr std::uint16_t ethertype_ipv4 = 0x0800;
constexpr std::uint16_t ethertype_ipv6 = 0x86dd;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::size_t max_ip_size = 65535;

namespace ipv4 {  // RFC 791 §3.1
constexpr std::size_t size = 20;
constexpr std::uint8_t version_and_length = 0x45;
constexpr std::size_t total_length = 2;
constexpr std::size_t fragment = 6;
constexpr std::uint16_t fragment_mask = 0x3fff;  // more fragments, and the offset
constexpr std::size_t protocol = 9;
constexpr std::size_t checksum = 10;
constexpr std::size_t source = 12;
constexpr std::size_t addresses_size = 8;
}  // namespace ipv4

namespace ipv6 {  // RFC 8200 §3
constexpr std::size_t size = 40;
constexpr std::uint8_t version = 6;
constexpr std::size_t payload_length = 4;
constexpr std::size_t next_header = 6;
constexpr std::size_t source = 8;
constexpr std::size_t addresses_size = 32;
}  // namespace ipv6

namespace tcp {  // RFC 9293 §3.1
constexpr std::size_t min_size = 20;
constexpr std::size_t sequence = 4;
constexpr std::size_t acknowledgment = 8;
constexpr std::size_t data_offset = 12;
constexpr std::size_t flags = 13;
constexpr std::uint8_t flag_psh = 0x08;
constexpr std::uint8_t flag_ack = 0x10;
constexpr std::size_t checksum = 16;
constexpr std::size_t urgent = 18;
}  // namespace tcp

using Bytes = std::span<const std::byte>;

std::uint8_t byte_at(Bytes frame, std::size_t where) {
    return std::to_integer<std::uint8_t>(frame[where]);
}

std::uint16_t word_at(Bytes frame, std::size_t where) {
    return static_cast<std::uint16_t>(byte_at(frame, where) << 8 | byte_at(frame, where + 1));
}

std::uint32_t long_at(Bytes frame, std::size_t where) {
    return std::uint32_t{word_at(frame, where)} << 16 | word_at(frame, where + 2);
}

void put_word(std::span<std::byte> frame, std::size_t where, std::size_t value) {
    frame[where] = static_cast<std::byte>(value >> 8 & 0xff);
    frame[where + 1] = static_cast<std::byte>(value & 0xff);
}

bool same(Bytes a, Bytes b, std::size_t from, std::size_t to) {
    return std::memcmp(a.data() + from, b.data() + from, to - from) == 0;
}

/// Everything that must not differ between two segments of the same layout.
bool same_stream(Bytes a, Bytes b, const TcpSegment& segment) {
    constexpr std::size_t ip = ethernet_header_size;
    const std::size_t at = segment.tcp_offset;
    // IP without length, identification and checksum.
    const bool same_ip = segment.ipv6 ? same(a, b, 0, ip + ipv6::payload_length) &&
                                            same(a, b, ip + ipv6::next_header, at)
                                      : same(a, b, 0, ip + ipv4::total_length) &&
                                            same(a, b, ip + ipv4::fragment, ip + ipv4::checksum) &&
                                            same(a, b, ip + ipv4::source, at);
    if (!same_ip) return false;
    const auto quiet_flags = [at](Bytes frame) {
        return static_cast<std::uint8_t>(byte_at(frame, at + tcp::flags) & ~tcp::flag_psh);
    };
    // TCP without sequence number, PSH and checksum; options included.
    return same(a, b, at, at + tcp::sequence) &&
           same(a, b, at + tcp::acknowledgment, at + tcp::flags) &&
           quiet_flags(a) == quiet_flags(b) &&
           same(a, b, at + tcp::flags + 1, at + tcp::checksum) &&
           same(a, b, at + tcp::urgent, segment.payload_offset);
}

/// Lengths and checksums of a frame of joined segments.
void update_headers(std::span<std::byte> frame, const TcpSegment& segment) {
    constexpr std::size_t ip = ethernet_header_size;
    const std::size_t tcp_size = frame.size() - segment.tcp_offset;
    const std::size_t source = ip + (segment.ipv6 ? ipv6::source : ipv4::source);
    const std::size_t addresses = segment.ipv6 ? ipv6::addresses_size : ipv4::addresses_size;
    if (segment.ipv6) {
        put_word(frame, ip + ipv6::payload_length, tcp_size);
    } else {
        put_word(frame, ip + ipv4::total_length, frame.size() - ip);
        put_word(frame, ip + ipv4::checksum, 0);
        const std::uint16_t sum = internet_sum(frame.subspan(ip, ipv4::size));
        put_word(frame, ip + ipv4::checksum, static_cast<std::uint16_t>(~sum));
    }
    // Only the pseudo header: the rest is left to the guest.
    const auto start = static_cast<std::uint32_t>(tcp_size + protocol_tcp);
    put_word(frame, segment.tcp_offset + tcp::checksum,
             internet_sum(frame.subspan(source, addresses), start));
}

}  // namespace

std::optional<TcpSegment> parse_segment(Bytes frame) {
    constexpr std::size_t ip = ethernet_header_size;
    if (frame.size() < ip + ipv4::size + tcp::min_size) return std::nullopt;
    TcpSegment segment;
    std::size_t end = 0;
    const std::uint16_t ethertype = word_at(frame, ethertype_offset);
    if (ethertype == ethertype_ipv4) {
        if (byte_at(frame, ip) != ipv4::version_and_length) return std::nullopt;
        if ((word_at(frame, ip + ipv4::fragment) & ipv4::fragment_mask) != 0) return std::nullopt;
        if (byte_at(frame, ip + ipv4::protocol) != protocol_tcp) return std::nullopt;
        segment.tcp_offset = ip + ipv4::size;
        end = ip + word_at(frame, ip + ipv4::total_length);
    } else if (ethertype == ethertype_ipv6) {
        if (byte_at(frame, ip) >> 4 != ipv6::version) return std::nullopt;
        if (byte_at(frame, ip + ipv6::next_header) != protocol_tcp) return std::nullopt;
        segment.ipv6 = true;
        segment.tcp_offset = ip + ipv6::size;
        end = segment.tcp_offset + word_at(frame, ip + ipv6::payload_length);
    } else {
        return std::nullopt;
    }
    // Without padding, so that what is appended follows at once.
    if (end != frame.size() || segment.tcp_offset + tcp::min_size > end) return std::nullopt;
    const std::size_t header_size =
        std::size_t{4} * (byte_at(frame, segment.tcp_offset + tcp::data_offset) >> 4);
    segment.payload_offset = segment.tcp_offset + header_size;
    if (header_size < tcp::min_size || segment.payload_offset >= end) return std::nullopt;
    segment.payload_size = end - segment.payload_offset;
    const std::uint8_t flags = byte_at(frame, segment.tcp_offset + tcp::flags);
    if ((flags & ~tcp::flag_psh) != tcp::flag_ack) return std::nullopt;
    segment.push = (flags & tcp::flag_psh) != 0;
    return segment;
}

bool join_segment(NetHeader& header, std::vector<std::byte>& frame, Bytes next,
                  const TcpSegment& segment) {
    const auto first = parse_segment(frame);
    if (!first.has_value() || first->tcp_offset != segment.tcp_offset ||
        first->payload_offset != segment.payload_offset) {
        return false;
    }
    const bool joined = header.gso_type != net_header::GSO_NONE;
    const std::size_t piece = joined ? header.gso_size.value() : first->payload_size;
    const std::size_t size = frame.size() + segment.payload_size;
    if (segment.payload_size > piece || size - ethernet_header_size > max_ip_size) return false;
    const std::size_t sequence = segment.tcp_offset + tcp::sequence;
    const std::uint32_t expected =
        long_at(frame, sequence) + static_cast<std::uint32_t>(first->payload_size);
    if (long_at(next, sequence) != expected || !same_stream(frame, next, segment)) return false;
    const Bytes payload = next.subspan(segment.payload_offset);
    frame.insert(frame.end(), payload.begin(), payload.end());
    if (segment.push) frame[segment.tcp_offset + tcp::flags] |= std::byte{tcp::flag_psh};
    update_headers(frame, segment);
    header = NetHeader{};
    header.flags = net_header::F_NEEDS_CSUM;
    header.gso_type = segment.ipv6 ? net_header::GSO_TCPV6 : net_header::GSO_TCPV4;
    header.hdr_len = static_cast<std::uint16_t>(segment.payload_offset);
    header.gso_size = static_cast<std::uint16_t>(piece);
    header.csum_start = static_cast<std::uint16_t>(segment.tcp_offset);
    header.csum_offset = tcp::checksum;
    return true;
}

}  // namespace lkvm::vmm
