// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/net/device.hpp"

#include "tests/unit/virtio/net_fixture.hpp"

namespace lkvm::test {
namespace {

class NetTest : public testing::TestWithParam<RingFormat>, protected NetFixture {
protected:
    NetTest()
        : NetFixture(GetParam()) {}

    void start(std::uint64_t features = net::F_MRG_RXBUF | net::F_CSUM | net::F_GUEST_CSUM) {
        driver.start(features | virtio::F_EVENT_IDX, 32);
    }
    /// What the driver finds in a receive buffer.
    [[nodiscard]] NetHeader header_at(Gpa where) { return ram.get<NetHeader>(where); }
    [[nodiscard]] Bytes frame_at(Gpa where, std::size_t size) {
        return ram.bytes(Gpa{where.value + header_size}, size);
    }
};

INSTANTIATE_TEST_SUITE_P(All, NetTest, testing::Values(RingFormat::split, RingFormat::packed),
                         [](const auto& info) {
                             return info.param == RingFormat::split ? "split" : "packed";
                         });

// --- sending ---

TEST_P(NetTest, SendsAFrame) {
    start();
    const Bytes frame = make_frame(200);
    EXPECT_TRUE(send(frame));
    ASSERT_EQ(wire().sent.size(), 1u);
    EXPECT_EQ(wire().sent[0].bytes, frame);
    EXPECT_EQ(device.counters().sent.load(), 1u);
    EXPECT_EQ(device.counters().sent_bytes.load(), 200u);
}

TEST_P(NetTest, HeaderAndFrameMayBeCutAnywhere) {
    start();
    const Bytes frame = make_frame(100);
    const Gpa where = ram.allocate(112);
    ram.put(where, NetHeader{});
    ram.put_bytes(Gpa{where.value + header_size}, frame);
    driver.ring(1).add({{where, 5, false},
                        {Gpa{where.value + 5}, 20, false},
                        {Gpa{where.value + 25}, 0, false},
                        {Gpa{where.value + 25}, 87, false}},
                       Shape::direct);
    driver.kick(1);
    ASSERT_EQ(wire().sent.size(), 1u);
    EXPECT_EQ(wire().sent[0].bytes, frame);
}

TEST_P(NetTest, AFrameMayLieAcrossTwoBanks) {
    start();
    const Gpa where{TestRam::second.value - 50};
    const Bytes frame = make_frame(100);
    ram.put_bytes(where, std::span{frame}.first(50));
    ram.put_bytes(TestRam::second, std::span{frame}.subspan(50));
    const Gpa header = ram.allocate(header_size);
    ram.put(header, NetHeader{});
    driver.ring(1).add({{header, header_size, false}, {where, 100, false}});
    driver.kick(1);
    ASSERT_EQ(wire().sent.size(), 1u);
    EXPECT_EQ(wire().sent[0].bytes, frame);
}

TEST_P(NetTest, WhatIsNoFrameIsDroppedAndCounted) {
    start();
    const Gpa where = TestRam::third;
    ram.put(where, NetHeader{});
    const std::vector<std::vector<Piece>> wrong{
        {{where, 5, false}},                                 // half a header
        {{where, header_size, false}},                       // no frame
        {{where, header_size + 13, false}},                  // no Ethernet header
        {{where, header_size + max_frame_size + 1, false}},  // too long
        {{where, 100, true}},                                // nothing to read
    };
    for (const auto& pieces : wrong) {
        driver.ring(1).add(pieces);
        driver.kick(1);
        const auto used = driver.ring(1).poll();
        ASSERT_TRUE(used.has_value());
        EXPECT_EQ(used->length, 0u);
    }
    EXPECT_TRUE(wire().sent.empty());
    EXPECT_EQ(device.counters().send_dropped.load(), wrong.size());
    EXPECT_FALSE(driver.broken());
    EXPECT_TRUE(send(make_frame(60)));
    EXPECT_EQ(wire().sent.size(), 1u);
}

TEST_P(NetTest, TheLongestFrameGoesThrough) {
    start();
    ram.put(TestRam::third, NetHeader{});
    driver.ring(1).add({{TestRam::third, header_size + max_frame_size, false}});
    driver.kick(1);
    ASSERT_EQ(wire().sent.size(), 1u);
    EXPECT_EQ(wire().sent[0].bytes.size(), max_frame_size);
}

TEST_P(NetTest, OffloadsNeedNegotiation) {
    NetHeader header;
    header.flags = net_header::F_NEEDS_CSUM;
    header.csum_start = std::uint16_t{34};
    header.csum_offset = std::uint16_t{16};
    start(net::F_MRG_RXBUF);
    EXPECT_TRUE(send(make_frame(100), header));
    EXPECT_TRUE(wire().sent.empty());
    ASSERT_TRUE(driver.transport.reset());
    start(net::F_CSUM);
    EXPECT_TRUE(send(make_frame(100), header));
    ASSERT_EQ(wire().sent.size(), 1u);
    EXPECT_EQ(wire().sent[0].header.csum_start.value(), 34u);
    header.gso_type = net_header::GSO_TCPV4;
    header.gso_size = std::uint16_t{20};
    EXPECT_TRUE(send(make_frame(100), header));
    EXPECT_EQ(wire().sent.size(), 1u);
}

TEST_P(NetTest, ABusyBackEndGetsTheFrameLater) {
    start();
    wire().busy = true;
    EXPECT_FALSE(send(make_frame(60)));
    EXPECT_FALSE(send(make_frame(61)));
    wire().busy = false;
    wire().events->send_ready();
    ASSERT_EQ(wire().sent.size(), 2u);
    EXPECT_EQ(wire().sent[0].bytes.size(), 60u);
    EXPECT_EQ(wire().sent[1].bytes.size(), 61u);
    EXPECT_TRUE(driver.ring(1).poll().has_value());
    EXPECT_TRUE(driver.ring(1).poll().has_value());
}

TEST_P(NetTest, AResetTakesAFrameFromABusyBackEnd) {
    start();
    wire().busy = true;
    EXPECT_FALSE(send(make_frame(60)));
    driver.write(virtio::mmio::Status, 0);
    EXPECT_EQ(driver.status(), 0u);
    wire().busy = false;
    wire().events->send_ready();
    EXPECT_TRUE(wire().sent.empty());
}

TEST_P(NetTest, ManyFramesLeaveTheThreadToOthers) {
    driver.start(0, 256);
    const Gpa where = ram.allocate(header_size + 60);
    ram.put(where, NetHeader{});
    for (int i = 0; i < 200; ++i) driver.ring(1).add({{where, header_size + 60, false}});
    driver.kick(1);
    EXPECT_EQ(wire().sent.size(), net::frame_budget);
    EXPECT_EQ(wire().later, 1u);
    wire().events->send_ready();
    EXPECT_EQ(wire().sent.size(), 200u);
}

TEST_P(NetTest, AFrameOutsideRamBreaksTheDevice) {
    start();
    driver.ring(1).add({{TestRam::gap, 100, false}});
    driver.kick(1);
    EXPECT_TRUE(driver.broken());
}

// --- receiving ---

TEST_P(NetTest, ReceivesAFrame) {
    start();
    const Gpa where = offer(2000);
    const Bytes frame = make_frame(300);
    wire().arrive(frame);
    const auto used = driver.ring(0).poll();
    ASSERT_TRUE(used.has_value());
    EXPECT_EQ(used->length, header_size + 300);
    EXPECT_EQ(header_at(where).num_buffers.value(), 1u);
    EXPECT_EQ(frame_at(where, 300), frame);
    EXPECT_TRUE(ram.observer.covers(where, header_size + 300));
    EXPECT_GE(driver.pulse.count, 1u);
}

TEST_P(NetTest, AFrameWaitsForABuffer) {
    start();
    EXPECT_TRUE(wire().listening);
    wire().arrive(make_frame(300));
    EXPECT_FALSE(wire().listening);
    EXPECT_EQ(wire().arriving.size(), 1u);
    const Gpa where = offer(2000);
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    EXPECT_EQ(frame_at(where, 300), make_frame(300));
    EXPECT_TRUE(wire().listening);
}

TEST_P(NetTest, ALargeFrameFillsSeveralBuffers) {
    start();
    std::vector<Gpa> buffers;
    for (int i = 0; i < 3; ++i) buffers.push_back(offer(1000));
    const Bytes frame = make_frame(2500);
    wire().arrive(frame);
    Bytes got;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto used = driver.ring(0).poll();
        ASSERT_TRUE(used.has_value());
        const Bytes part = ram.bytes(buffers[i], used->length);
        const std::size_t skip = i == 0 ? header_size : 0;
        got.insert(got.end(), part.begin() + static_cast<std::ptrdiff_t>(skip), part.end());
    }
    EXPECT_EQ(got, frame);
    EXPECT_EQ(header_at(buffers[0]).num_buffers.value(), 3u);
    EXPECT_FALSE(driver.ring(0).poll().has_value());
}

TEST_P(NetTest, NothingIsSeenOfAFrameThatLacksBuffers) {
    start();
    offer(1000);
    offer(1000);
    wire().arrive(make_frame(2500));
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    offer(1000);
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    EXPECT_TRUE(driver.ring(0).poll().has_value());
    EXPECT_TRUE(driver.ring(0).poll().has_value());
}

TEST_P(NetTest, AResetReturnsBuffersThatWaitForMore) {
    start();
    offer(1000);
    wire().arrive(make_frame(2500));
    driver.write(virtio::mmio::Status, 0);
    EXPECT_EQ(driver.status(), 0u);
    EXPECT_FALSE(wire().listening);
    start();
    const Gpa where = offer(4000);
    EXPECT_EQ(frame_at(where, 2500), make_frame(2500));
}

TEST_P(NetTest, WithoutMergingAFrameThatDoesNotFitIsDropped) {
    start(0);
    offer(1000);
    offer(1000);
    wire().arrive(make_frame(1500));
    const auto used = driver.ring(0).poll();
    ASSERT_TRUE(used.has_value());
    EXPECT_EQ(used->length, 0u);
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    EXPECT_EQ(device.counters().receive_dropped.load(), 1u);
    wire().arrive(make_frame(500));
    ASSERT_TRUE(driver.ring(0).poll().has_value());
}

TEST_P(NetTest, BuffersWithoutRoomForAHeaderComeBackEmpty) {
    start();
    offer(header_size - 1);
    driver.ring(0).add({{ram.allocate(16), 16, false}});
    const Gpa where = offer(2000);
    wire().arrive(make_frame(300));
    EXPECT_EQ(driver.ring(0).poll()->length, 0u);
    EXPECT_EQ(driver.ring(0).poll()->length, 0u);
    EXPECT_EQ(driver.ring(0).poll()->length, header_size + 300);
    EXPECT_EQ(frame_at(where, 300), make_frame(300));
}

TEST_P(NetTest, AFrameInTooManyBuffersIsDropped) {
    driver.start(net::F_MRG_RXBUF, 128);
    for (int i = 0; i < 100; ++i) offer(header_size);
    wire().arrive(make_frame(1200));
    unsigned returned = 0;
    while (const auto used = driver.ring(0).poll()) {
        EXPECT_EQ(used->length, 0u);
        ++returned;
    }
    EXPECT_EQ(returned, 64u);
    EXPECT_EQ(device.counters().receive_dropped.load(), 1u);
    EXPECT_FALSE(driver.broken());
}

TEST_P(NetTest, HeadersOfTheBackEndAreNotBelieved) {
    start(net::F_MRG_RXBUF);
    offer(2000);
    NetHeader header;
    header.flags = net_header::F_NEEDS_CSUM;
    wire().arrive(make_frame(300), header);
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    wire().arrive(make_frame(13));
    EXPECT_FALSE(driver.ring(0).poll().has_value());
    EXPECT_EQ(device.counters().receive_dropped.load(), 2u);
    EXPECT_TRUE(wire().arriving.empty());
}

TEST_P(NetTest, ValidChecksumsAreToldToWhoCanKnow) {
    NetHeader valid;
    valid.flags = net_header::F_DATA_VALID;
    start(net::F_MRG_RXBUF | net::F_GUEST_CSUM);
    const Gpa where = offer(2000);
    wire().arrive(make_frame(300), valid);
    EXPECT_EQ(header_at(where).flags, net_header::F_DATA_VALID);
    ASSERT_TRUE(driver.transport.reset());
    start(net::F_MRG_RXBUF);
    const Gpa other = offer(2000);
    wire().arrive(make_frame(300), valid);
    EXPECT_EQ(header_at(other).flags, 0u);
}

TEST_P(NetTest, ManyFramesComeInTurns) {
    driver.start(net::F_MRG_RXBUF, 256);
    for (int i = 0; i < 200; ++i) wire().arriving.push_back({{}, make_frame(60)});
    for (int i = 0; i < 200; ++i) driver.ring(0).add({{ram.allocate(100), 100, true}});
    wire().events->receive_ready();
    EXPECT_EQ(wire().arriving.size(), 200 - net::frame_budget);
    EXPECT_TRUE(wire().listening);
    wire().events->receive_ready();
    EXPECT_TRUE(wire().arriving.empty());
}

TEST_P(NetTest, NoFrameAfterTheRingBroke) {
    start();
    driver.ring(0).add({{TestRam::gap, 2000, true}});
    driver.kick(0);
    wire().arrive(make_frame(60));
    EXPECT_TRUE(driver.broken());
    EXPECT_FALSE(wire().listening);
}

// --- configuration ---

TEST_P(NetTest, ConfigurationSpaceSaysWhatTheInterfaceIs) {
    MacAddress mac{};
    for (unsigned i = 0; i < mac.size(); ++i) {
        mac[i] = static_cast<std::uint8_t>(driver.transport.read(virtio::mmio::Config + i, 1));
    }
    EXPECT_EQ(mac, own_mac);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 6, 2), net::S_LINK_UP);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 8, 2), 1u);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 10, 2), 1500u);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 12, 4), 0u);
}

TEST_P(NetTest, TheLinkGoesDownAndUp) {
    start(net::F_STATUS);
    const std::uint32_t generation = driver.read(virtio::mmio::ConfigGeneration);
    const unsigned before = driver.pulse.count;
    device.set_link(false);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 6, 2), 0u);
    EXPECT_NE(driver.read(virtio::mmio::ConfigGeneration), generation);
    EXPECT_EQ(driver.pulse.count, before + 1);
    device.set_link(false);
    EXPECT_EQ(driver.pulse.count, before + 1);
    device.set_link(true);
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 6, 2), net::S_LINK_UP);
}

TEST_P(NetTest, FeaturesThatDependOnOthersComeWithThem) {
    EXPECT_FALSE(driver.negotiate(net::F_GUEST_TSO4));
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_FALSE(driver.negotiate(net::F_HOST_TSO6));
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_FALSE(driver.negotiate(net::F_CTRL_RX));
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_FALSE(driver.negotiate(net::F_CSUM | net::F_HOST_ECN));
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_TRUE(driver.negotiate(net::F_CSUM | net::F_HOST_TSO4 | net::F_HOST_ECN |
                                 net::F_GUEST_CSUM | net::F_GUEST_TSO4 | net::F_CTRL_VQ |
                                 net::F_CTRL_RX));
}

TEST_P(NetTest, TheHostLearnsWhatTheGuestTakes) {
    start(net::F_GUEST_CSUM | net::F_GUEST_TSO4 | net::F_GUEST_USO4);
    EXPECT_EQ(control.offloads, net_offload::checksum | net_offload::tcp4);
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_EQ(control.offloads, 0u);
}

TEST(NetProperties, WithoutOffloadsNoneAreOffered) {
    NetFixture plain(RingFormat::split, 1, {own_mac, 0, 0, 0});
    const std::uint64_t offered = plain.driver.offered();
    EXPECT_EQ(offered & (net::F_CSUM | net::F_GUEST_CSUM | net::F_HOST_TSO4 | net::F_MTU |
                         net::F_MQ | net::F_CTRL_GUEST_OFFLOADS),
              0u);
    EXPECT_NE(offered & net::F_MAC, 0u);
}

}  // namespace
}  // namespace lkvm::test
