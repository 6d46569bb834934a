// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/net_switch.hpp"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

MacAddress mac(std::uint8_t last) {
    return {0x52, 0x54, 0, 0, 0, last};
}
constexpr MacAddress broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct Sink final : FrameSink {
    void deliver(const NetHeader&, std::span<const HostBuffer> frame) override {
        std::vector<std::byte> bytes;
        for (const HostBuffer& piece : frame) {
            bytes.insert(bytes.end(), piece.data, piece.data + piece.size);
        }
        got.push_back(bytes);
    }
    std::vector<std::vector<std::byte>> got;
};

class NetSwitchTest : public ::testing::Test {
protected:
    NetSwitchTest() {
        for (std::uint8_t i = 0; i < 3; ++i) network.add_port(sinks[i], mac(i));
    }
    void send(unsigned port, MacAddress source, MacAddress destination, std::size_t cut = 14,
              std::size_t size = 60) {
        std::vector<std::byte> bytes(size);
        std::memcpy(bytes.data(), destination.data(), 6);
        std::memcpy(bytes.data() + 6, source.data(), 6);
        const HostBuffer pieces[] = {{bytes.data(), cut}, {bytes.data() + cut, bytes.size() - cut}};
        NetSwitch::Flood flood;
        while (!network.forward(port, {}, pieces, flood)) ++returns;
    }
    /// Frames that each port got since the last call.
    std::vector<std::size_t> counts() {
        std::vector<std::size_t> result;
        for (Sink& sink : sinks) {
            result.push_back(sink.got.size());
            sink.got.clear();
        }
        return result;
    }
    using Counts = std::vector<std::size_t>;

    NetSwitch network;
    Sink sinks[3];
    unsigned returns = 0;  ///< before a frame was wherever it had to go
};

TEST_F(NetSwitchTest, TakesALongFrameForAllPortsInPieces) {
    send(0, mac(0), broadcast);
    EXPECT_EQ(counts(), (Counts{0, 1, 1}));
    EXPECT_EQ(returns, 0U);
    send(0, mac(0), broadcast, 14, max_frame_size);
    EXPECT_EQ(counts(), (Counts{0, 1, 1}));
    EXPECT_EQ(returns, 1U);
}

TEST_F(NetSwitchTest, DeliversToTheOwnerOfAnAddressOnly) {
    send(0, mac(0), mac(2));
    EXPECT_EQ(counts(), (Counts{0, 0, 1}));
    send(2, mac(2), mac(0));
    EXPECT_EQ(counts(), (Counts{1, 0, 0}));
}

TEST_F(NetSwitchTest, FloodsGroupsAndUnknownAddressesToAllOthers) {
    send(1, mac(1), broadcast);
    EXPECT_EQ(counts(), (Counts{1, 0, 1}));
    send(1, mac(1), {0x33, 0x33, 0, 0, 0, 1});
    EXPECT_EQ(counts(), (Counts{1, 0, 1}));
    send(1, mac(1), mac(77));
    EXPECT_EQ(counts(), (Counts{1, 0, 1}));
}

TEST_F(NetSwitchTest, LearnsWhereAForeignAddressIs) {
    send(2, mac(77), broadcast);
    counts();
    send(0, mac(0), mac(77));
    EXPECT_EQ(counts(), (Counts{0, 0, 1}));
    // It moves.
    send(1, mac(77), broadcast);
    counts();
    send(0, mac(0), mac(77));
    EXPECT_EQ(counts(), (Counts{0, 1, 0}));
}

TEST_F(NetSwitchTest, LetsNoPortTakeAnothersAddress) {
    send(1, mac(0), mac(2));
    EXPECT_EQ(counts(), (Counts{0, 0, 0}));
    EXPECT_EQ(network.counters().rejected.load(), 1U);
    send(2, mac(2), mac(0));
    EXPECT_EQ(counts(), (Counts{1, 0, 0}));
}

TEST_F(NetSwitchTest, SendsNothingBackWhereItCameFrom) {
    send(0, mac(0), mac(0));
    EXPECT_EQ(counts(), (Counts{0, 0, 0}));
    send(2, mac(77), broadcast);
    counts();
    send(2, mac(2), mac(77));
    EXPECT_EQ(counts(), (Counts{0, 0, 0}));
}

TEST_F(NetSwitchTest, ForgetsTheLeastRecentlySeenAddress) {
    send(0, mac(100), broadcast);
    // Seen again while others come, so it stays; the next one of them goes.
    for (std::size_t i = 0; i < NetSwitch::table_size; ++i) {
        send(0, mac(100), broadcast);
        send(1, mac(static_cast<std::uint8_t>(101 + i)), broadcast);
    }
    counts();
    send(2, mac(2), mac(100));
    EXPECT_EQ(counts(), (Counts{1, 0, 0}));
    send(2, mac(2), mac(101));
    EXPECT_EQ(counts(), (Counts{1, 1, 0}));  // flooded: forgotten
    send(2, mac(2), mac(102));
    EXPECT_EQ(counts(), (Counts{0, 1, 0}));
}

TEST_F(NetSwitchTest, LearnsNoGroupAddress) {
    send(0, {0x33, 0x33, 0, 0, 0, 9}, mac(1));
    counts();
    send(2, mac(2), {0x33, 0x33, 0, 0, 0, 9});
    EXPECT_EQ(counts(), (Counts{1, 1, 0}));
}

TEST_F(NetSwitchTest, ReadsAddressesAcrossPieces) {
    for (std::size_t cut = 0; cut <= 14; ++cut) {
        send(0, mac(0), mac(2), cut);
        EXPECT_EQ(counts(), (Counts{0, 0, 1})) << cut;
    }
}

}  // namespace
}  // namespace lkvm::hv
