// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/frame_queue.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "vmm/host/internet_checksum.hpp"
#include "vmm/host/tcp_segment.hpp"

namespace lkvm::vmm {
namespace {

using Bytes = std::vector<std::byte>;

constexpr NetOffloads all = net_offload::checksum | net_offload::tcp4 | net_offload::tcp6;

void put(Bytes& to, std::size_t where, std::uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) {
        to[where + i] = static_cast<std::byte>(value >> 8 * (size - 1 - i));
    }
}

/// A TCP segment with its payload counting up from `sequence`.
struct Segment {
    bool ipv6 = false;
    std::uint32_t sequence = 1000;
    std::size_t payload = 1000;
    std::uint8_t flags = 0x10;
    std::uint16_t window = 5000;
    std::uint16_t port = 80;
    std::uint8_t options = 12;  // bytes

    [[nodiscard]] std::size_t tcp() const { return ipv6 ? 54 : 34; }

    [[nodiscard]] Bytes make() const {
        const std::size_t header = 20u + options;
        Bytes bytes(tcp() + header + payload);
        put(bytes, 0, 0x020000000001, 6);
        put(bytes, 6, 0x020000000002, 6);
        put(bytes, 12, ipv6 ? 0x86dd : 0x0800, 2);
        if (ipv6) {
            put(bytes, 14, 0x60000000, 4);
            put(bytes, 18, header + payload, 2);
            put(bytes, 20, 0x0640, 2);
            put(bytes, 22, 0xfec0, 2);
            put(bytes, 38, 0xfec1, 2);
        } else {
            put(bytes, 14, 0x4500, 2);
            put(bytes, 16, 20 + header + payload, 2);
            put(bytes, 18, sequence & 0xffff, 2);  // the identification differs
            put(bytes, 20, 0x4000, 2);
            put(bytes, 22, 0x4006, 2);
            put(bytes, 26, 0x0a000202, 4);
            put(bytes, 30, 0x0a00020f, 4);
            put(bytes, 24,
                static_cast<std::uint16_t>(~internet_sum(std::span{bytes}.subspan(14, 20))), 2);
        }
        put(bytes, tcp(), port, 2);
        put(bytes, tcp() + 2, 4242, 2);
        put(bytes, tcp() + 4, sequence, 4);
        put(bytes, tcp() + 8, 777, 4);
        put(bytes, tcp() + 12, header / 4 << 4, 1);
        put(bytes, tcp() + 13, flags, 1);
        put(bytes, tcp() + 14, window, 2);
        for (std::size_t i = 0; i < payload; ++i) {
            bytes[tcp() + header + i] = static_cast<std::byte>(sequence + i);
        }
        const std::size_t addresses = ipv6 ? 22 : 26;
        const auto pseudo = internet_sum(std::span{bytes}.subspan(addresses, ipv6 ? 32 : 8),
                                         static_cast<std::uint32_t>(6 + header + payload));
        put(bytes, tcp() + 16, pseudo, 2);
        NetHeader checksum;
        checksum.flags = net_header::F_NEEDS_CSUM;
        checksum.csum_start = static_cast<std::uint16_t>(tcp());
        checksum.csum_offset = std::uint16_t{16};
        complete_checksum(checksum, bytes);
        return bytes;
    }
};

/// The sum over TCP and its pseudo header, which is all ones if the checksum is right.
std::uint16_t tcp_sum(const Bytes& frame, bool ipv6) {
    const std::size_t tcp = ipv6 ? 54 : 34;
    const std::uint32_t pseudo =
        internet_sum(std::span{frame}.subspan(ipv6 ? 22 : 26, ipv6 ? 32 : 8),
                     static_cast<std::uint32_t>(6 + frame.size() - tcp));
    return internet_sum(std::span{frame}.subspan(tcp), pseudo);
}

FrameQueue queue_with(const std::vector<Segment>& segments, NetOffloads offloads = all) {
    FrameQueue queue;
    queue.set_offloads(offloads);
    for (const Segment& segment : segments) EXPECT_TRUE(queue.push(segment.make()));
    return queue;
}

std::size_t count_frames(FrameQueue& queue) {
    std::size_t count = 0;
    for (; !queue.empty(); queue.pop()) ++count;
    return count;
}

TEST(InternetChecksum, KnowsTheExampleOfRfc1071) {
    const Bytes bytes{std::byte{0x00}, std::byte{0x01}, std::byte{0xf2}, std::byte{0x03},
                      std::byte{0xf4}, std::byte{0xf5}, std::byte{0xf6}, std::byte{0xf7}};
    EXPECT_EQ(internet_sum(bytes), 0xddf2);
    EXPECT_EQ(internet_sum(std::span{bytes}.first(7)), 0xdcfb);
    EXPECT_EQ(internet_sum({}, 0x1fffe), 0xffff);
    EXPECT_EQ(internet_sum({}), 0);
}

TEST(InternetChecksum, FramesOfTheTestAreRight) {
    EXPECT_EQ(tcp_sum(Segment{}.make(), false), 0xffff);
    EXPECT_EQ(tcp_sum(Segment{.ipv6 = true, .payload = 999}.make(), true), 0xffff);
}

class JoinTest : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(All, JoinTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "ipv6" : "ipv4"; });

TEST_P(JoinTest, SegmentsInARowBecomeOneFrame) {
    const bool ipv6 = GetParam();
    FrameQueue queue =
        queue_with({{.ipv6 = ipv6, .sequence = 1000},
                    {.ipv6 = ipv6, .sequence = 2000},
                    {.ipv6 = ipv6, .sequence = 3000, .payload = 300, .flags = 0x18}});
    const auto frame = queue.front();
    ASSERT_TRUE(frame.has_value());
    const Segment whole{.ipv6 = ipv6, .sequence = 1000, .payload = 2300, .flags = 0x18};
    EXPECT_EQ(frame->header.flags, net_header::F_NEEDS_CSUM);
    EXPECT_EQ(frame->header.gso_type, ipv6 ? net_header::GSO_TCPV6 : net_header::GSO_TCPV4);
    EXPECT_EQ(frame->header.gso_size.value(), 1000u);
    EXPECT_EQ(frame->header.csum_start.value(), whole.tcp());
    EXPECT_EQ(frame->header.hdr_len.value(), whole.tcp() + 32);
    // With the checksum that is left to the guest it is what one large segment would be.
    Bytes bytes(frame->bytes.begin(), frame->bytes.end());
    complete_checksum(frame->header, bytes);
    EXPECT_EQ(bytes, whole.make());
    queue.pop();
    EXPECT_TRUE(queue.empty());
}

TEST_P(JoinTest, OnlyWhatFollowsIsJoined) {
    const bool ipv6 = GetParam();
    const Segment first{.ipv6 = ipv6};
    const Segment next{.ipv6 = ipv6, .sequence = 2000};
    std::vector<Segment> others(9, next);
    others[0].sequence = 2001;
    others[1].sequence = 1000;
    others[2].port = 81;
    others[3].window = 4999;
    others[4].options = 0;
    others[5].payload = 1001;
    others[6].flags = 0x11;  // FIN
    others[7].ipv6 = !ipv6;
    others[8].payload = 0;
    for (const Segment& other : others) {
        FrameQueue queue = queue_with({first, other});
        EXPECT_EQ(count_frames(queue), 2u);
    }
    FrameQueue queue = queue_with({first, next});
    EXPECT_EQ(count_frames(queue), 1u);
}

TEST_P(JoinTest, AShortOrPushedSegmentIsTheLast) {
    const bool ipv6 = GetParam();
    FrameQueue is_short = queue_with({{.ipv6 = ipv6, .sequence = 1000},
                                      {.ipv6 = ipv6, .sequence = 2000, .payload = 500},
                                      {.ipv6 = ipv6, .sequence = 2500, .payload = 500}});
    EXPECT_EQ(count_frames(is_short), 2u);
    FrameQueue pushed = queue_with(
        {{.ipv6 = ipv6, .sequence = 1000, .flags = 0x18}, {.ipv6 = ipv6, .sequence = 2000}});
    EXPECT_EQ(count_frames(pushed), 2u);
}

TEST_P(JoinTest, FramesStayBelow64KiB) {
    std::vector<Segment> segments;
    for (std::uint32_t i = 0; i < 100; ++i) {
        segments.push_back({.ipv6 = GetParam(), .sequence = 1000 + i * 1400, .payload = 1400});
    }
    FrameQueue queue = queue_with(segments);
    std::size_t payload = 0;
    std::size_t count = 0;
    for (; !queue.empty(); queue.pop(), ++count) {
        const auto frame = queue.front();
        EXPECT_LE(frame->bytes.size() - 14, 65535u);
        payload += frame->bytes.size() - segments[0].tcp() - 32;
    }
    EXPECT_EQ(count, 3u);
    EXPECT_EQ(payload, 140000u);
}

TEST_P(JoinTest, GuestsThatCannotCutGetSingleSegments) {
    const NetOffloads other = GetParam() ? net_offload::tcp4 : net_offload::tcp6;
    for (const NetOffloads offloads :
         {NetOffloads{0}, net_offload::checksum, net_offload::checksum | other}) {
        FrameQueue queue =
            queue_with({{.ipv6 = GetParam()}, {.ipv6 = GetParam(), .sequence = 2000}}, offloads);
        const bool valid = (offloads & net_offload::checksum) != 0;
        EXPECT_EQ(queue.front()->header.flags, valid ? net_header::F_DATA_VALID : 0);
        EXPECT_EQ(count_frames(queue), 2u);
    }
}

TEST(FrameQueue, WhatWasLookedAtDoesNotChange) {
    FrameQueue queue = queue_with({{}});
    const auto before = queue.front();
    EXPECT_TRUE(queue.push(Segment{.sequence = 2000}.make()));
    EXPECT_EQ(before->bytes.data(), queue.front()->bytes.data());
    EXPECT_EQ(count_frames(queue), 2u);
}

TEST(FrameQueue, IsBounded) {
    FrameQueue queue;
    const Bytes frame(60000);
    std::size_t count = 0;
    while (queue.push(frame)) ++count;
    EXPECT_EQ(count, FrameQueue::limit / frame.size());
    queue.pop();
    EXPECT_TRUE(queue.push(frame));
    queue.clear();
    EXPECT_TRUE(queue.empty());
    std::size_t again = 0;
    while (queue.push(frame)) ++again;
    EXPECT_EQ(again, count);
}

TEST(FrameQueue, JoinedFramesCountByTheirSize) {
    FrameQueue queue;
    queue.set_offloads(all);
    std::uint32_t sequence = 0;
    for (int i = 0; i < 10000; ++i, sequence += 1000) {
        EXPECT_TRUE(queue.push(Segment{.sequence = sequence}.make()));
        if (i % 1000 == 999) queue.clear();
    }
    queue.clear();
    std::size_t count = 0;
    while (queue.push(Bytes(60000))) ++count;
    EXPECT_EQ(count, FrameQueue::limit / 60000);
}

TEST(TcpSegment, StrangeFramesAreNotTouched) {
    const Bytes good = Segment{}.make();
    ASSERT_TRUE(parse_segment(good).has_value());
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_FALSE(parse_segment(std::span{good}.first(size)).has_value()) << size;
    }
    const auto with = [&good](std::size_t where, unsigned value) {
        Bytes changed = good;
        changed[where] = static_cast<std::byte>(value);
        return parse_segment(changed).has_value();
    };
    EXPECT_FALSE(with(12, 0x81));  // a VLAN
    EXPECT_FALSE(with(14, 0x46));  // options of IP
    EXPECT_FALSE(with(20, 0x20));  // a fragment
    EXPECT_FALSE(with(21, 1));     // a later one
    EXPECT_FALSE(with(23, 17));    // UDP
    EXPECT_FALSE(with(46, 0x40));  // TCP header too short
    EXPECT_FALSE(with(47, 0x12));  // SYN
    Bytes padded = good;
    padded.push_back(std::byte{0});
    EXPECT_FALSE(parse_segment(padded).has_value());
}

}  // namespace
}  // namespace lkvm::vmm
