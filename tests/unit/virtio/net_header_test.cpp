// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/net/header.hpp"

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using virtio::net::checked_header;

constexpr std::size_t frame_size = 3000;
constexpr NetOffloads everything = 0x1f;

NetHeader tcp4_header() {
    NetHeader header;
    header.flags = net_header::F_NEEDS_CSUM;
    header.gso_type = net_header::GSO_TCPV4;
    header.hdr_len = std::uint16_t{54};
    header.gso_size = std::uint16_t{1460};
    header.csum_start = std::uint16_t{34};
    header.csum_offset = std::uint16_t{16};
    return header;
}

TEST(NetHeader, PlainFramesNeedNothing) {
    NetHeader header;
    header.num_buffers = std::uint16_t{7};
    header.hdr_len = std::uint16_t{99};
    const auto checked = checked_header(header, 60, 0);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->num_buffers.value(), 0u);
    EXPECT_EQ(checked->hdr_len.value(), 0u);
}

TEST(NetHeader, UnknownFlagsAreDropped) {
    NetHeader header;
    header.flags = 0xfe;
    const auto checked = checked_header(header, 60, everything);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->flags, 0u);
}

TEST(NetHeader, KeepsWhatItAllows) {
    const auto checked = checked_header(tcp4_header(), frame_size, everything);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->flags, net_header::F_NEEDS_CSUM);
    EXPECT_EQ(checked->gso_type, net_header::GSO_TCPV4);
    EXPECT_EQ(checked->gso_size.value(), 1460u);
    EXPECT_EQ(checked->csum_start.value(), 34u);
    EXPECT_EQ(checked->csum_offset.value(), 16u);
    EXPECT_EQ(checked->hdr_len.value(), 54u);
}

TEST(NetHeader, EachOffloadNeedsItsOwnPermission) {
    NetHeader header = tcp4_header();
    EXPECT_FALSE(checked_header(header, frame_size, net_offload::checksum).has_value());
    EXPECT_FALSE(checked_header(header, frame_size, net_offload::tcp4).has_value());
    EXPECT_FALSE(checked_header(header, frame_size, net_offload::checksum | net_offload::tcp6));
    EXPECT_TRUE(checked_header(header, frame_size, net_offload::checksum | net_offload::tcp4));
    header.gso_type = net_header::GSO_TCPV4 | net_header::GSO_ECN;
    EXPECT_FALSE(checked_header(header, frame_size, net_offload::checksum | net_offload::tcp4));
    EXPECT_TRUE(checked_header(header, frame_size, everything));
    header.gso_type = net_header::GSO_UDP_L4;
    EXPECT_FALSE(checked_header(header, frame_size, everything & ~net_offload::udp));
    EXPECT_TRUE(checked_header(header, frame_size, everything));
}

TEST(NetHeader, UnknownCuttingIsRefused) {
    for (const unsigned type : {2u, 3u, 6u, 0x7fu, 0x80u, 0x83u, 0x85u, 0xffu}) {
        NetHeader header = tcp4_header();
        header.gso_type = static_cast<std::uint8_t>(type);
        EXPECT_FALSE(checked_header(header, frame_size, everything).has_value()) << type;
    }
}

TEST(NetHeader, CuttingNeedsAChecksumAndASize) {
    NetHeader header = tcp4_header();
    header.flags = 0;
    EXPECT_FALSE(checked_header(header, frame_size, everything).has_value());
    header = tcp4_header();
    header.gso_size = std::uint16_t{0};
    EXPECT_FALSE(checked_header(header, frame_size, everything).has_value());
}

TEST(NetHeader, TheChecksumLiesInsideTheFrame) {
    NetHeader header;
    header.flags = net_header::F_NEEDS_CSUM;
    header.csum_start = std::uint16_t{50};
    header.csum_offset = std::uint16_t{8};
    EXPECT_TRUE(checked_header(header, 60, everything).has_value());
    EXPECT_FALSE(checked_header(header, 59, everything).has_value());
    header.csum_start = std::uint16_t{0xffff};
    header.csum_offset = std::uint16_t{0xffff};
    EXPECT_FALSE(checked_header(header, max_frame_size, everything).has_value());
}

TEST(NetHeader, AHintBeyondTheFrameIsNone) {
    NetHeader header = tcp4_header();
    header.hdr_len = std::uint16_t{frame_size + 1};
    const auto checked = checked_header(header, frame_size, everything);
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->hdr_len.value(), 0u);
}

}  // namespace
}  // namespace lkvm::test
