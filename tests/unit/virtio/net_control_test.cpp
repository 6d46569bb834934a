// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/net/command.hpp"

#include "tests/unit/virtio/net_fixture.hpp"

namespace lkvm::test {
namespace {

constexpr std::uint8_t ack_ok = 0;
constexpr std::uint8_t ack_error = 1;
constexpr MacAddress other_mac{2, 0, 0, 0, 0, 9};
constexpr MacAddress group_mac{0x33, 0x33, 0, 0, 0, 1};
constexpr MacAddress broadcast_mac{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

Bytes bytes_of(std::initializer_list<unsigned> values) {
    Bytes bytes;
    for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Bytes table(const std::vector<MacAddress>& addresses, std::uint32_t count) {
    Bytes bytes = bytes_of({count & 0xff, count >> 8 & 0xff, count >> 16 & 0xff, count >> 24});
    for (const MacAddress& address : addresses) {
        for (const std::uint8_t byte : address) bytes.push_back(static_cast<std::byte>(byte));
    }
    return bytes;
}
Bytes table(const std::vector<MacAddress>& addresses) {
    return table(addresses, static_cast<std::uint32_t>(addresses.size()));
}

class NetControlTest : public testing::TestWithParam<RingFormat>, protected NetFixture {
protected:
    static constexpr unsigned pair_count = 3;
    static constexpr std::uint64_t control_features =
        net::F_CTRL_VQ | net::F_CTRL_RX | net::F_CTRL_RX_EXTRA | net::F_CTRL_MAC_ADDR |
        net::F_CTRL_GUEST_OFFLOADS | net::F_GUEST_CSUM | net::F_GUEST_TSO4;

    NetControlTest()
        : NetFixture(GetParam(), pair_count) {}

    void start(std::uint64_t features = control_features | net::F_MQ) {
        driver.start(features, 32);
        control_queue = (features & net::F_MQ) != 0 ? 2 * pair_count : 2;
    }
    /// Gives a command; the answer, or 0xaa without one.
    std::uint8_t command(unsigned class_of_command, unsigned number, const Bytes& data) {
        const Bytes all = bytes_of({class_of_command, number}) + data;
        const Gpa where = ram.allocate(all.size());
        const Gpa ack = ram.allocate(1);
        ram.put_bytes(where, all);
        ram.put<std::uint8_t>(ack, 0xaa);
        driver.ring(control_queue)
            .add({{where, 2, false},
                  {Gpa{where.value + 2}, static_cast<std::uint32_t>(data.size()), false},
                  {ack, 1, true}});
        driver.kick(control_queue);
        const auto used = driver.ring(control_queue).poll();
        EXPECT_TRUE(used.has_value());
        if (used.has_value()) EXPECT_EQ(used->length, 1u);
        return ram.get<std::uint8_t>(ack);
    }
    std::uint8_t mode(net::ReceiveMode which, unsigned on) {
        return command(0, static_cast<unsigned>(which), bytes_of({on}));
    }
    /// Whether a frame for the address reaches the driver.
    bool reaches(const MacAddress& to) {
        offer(200);
        wire().arrive(make_frame(60, to));
        return driver.ring(0).poll().has_value();
    }

    unsigned control_queue = 0;
};

INSTANTIATE_TEST_SUITE_P(All, NetControlTest,
                         testing::Values(RingFormat::split, RingFormat::packed),
                         [](const auto& info) {
                             return info.param == RingFormat::split ? "split" : "packed";
                         });

TEST_P(NetControlTest, EverythingIsReceivedAtFirst) {
    start();
    for (const MacAddress& to : {own_mac, other_mac, group_mac, broadcast_mac}) {
        EXPECT_TRUE(reaches(to));
    }
}

TEST_P(NetControlTest, FramesForOthersAreFiltered) {
    start();
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_ok);
    EXPECT_TRUE(reaches(own_mac));
    EXPECT_FALSE(reaches(other_mac));
    EXPECT_TRUE(reaches(broadcast_mac));
    EXPECT_EQ(device.counters().receive_filtered.load(), 1u);
    EXPECT_EQ(mode(net::ReceiveMode::all_unicast, 1), ack_ok);
    EXPECT_TRUE(reaches(other_mac));
    EXPECT_EQ(mode(net::ReceiveMode::no_broadcast, 1), ack_ok);
    EXPECT_FALSE(reaches(broadcast_mac));
    EXPECT_EQ(mode(net::ReceiveMode::no_unicast, 1), ack_ok);
    EXPECT_FALSE(reaches(own_mac));
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 1), ack_ok);
    EXPECT_TRUE(reaches(own_mac));
}

TEST_P(NetControlTest, AddressTablesAreHonoured) {
    start();
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_ok);
    EXPECT_TRUE(reaches(group_mac));
    EXPECT_EQ(command(1, 0, table({}) + table({})), ack_ok);
    EXPECT_FALSE(reaches(group_mac));
    EXPECT_EQ(command(1, 0, table({other_mac}) + table({group_mac})), ack_ok);
    EXPECT_TRUE(reaches(group_mac));
    EXPECT_TRUE(reaches(other_mac));
    EXPECT_EQ(mode(net::ReceiveMode::no_multicast, 1), ack_ok);
    EXPECT_FALSE(reaches(group_mac));
    EXPECT_TRUE(reaches(broadcast_mac));
}

TEST_P(NetControlTest, TooManyAddressesMeanAll) {
    start();
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_ok);
    const std::vector<MacAddress> many(65, MacAddress{2, 0, 0, 0, 1, 1});
    EXPECT_EQ(command(1, 0, table(many) + table({})), ack_ok);
    EXPECT_TRUE(reaches(other_mac));
    EXPECT_FALSE(reaches(group_mac));
}

TEST_P(NetControlTest, TheMacAddressCanBeSetUntilReset) {
    start();
    EXPECT_EQ(command(1, 1, bytes_of({2, 0, 0, 0, 0, 9})), ack_ok);
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_ok);
    EXPECT_TRUE(reaches(other_mac));
    EXPECT_FALSE(reaches(own_mac));
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 5, 1), 9u);
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 5, 1), 1u);
    start();
    EXPECT_TRUE(reaches(other_mac));
}

TEST_P(NetControlTest, QueuePairsAreSwitchedInRange) {
    start();
    EXPECT_EQ(driver.transport.read(virtio::mmio::Config + 8, 2), pair_count);
    EXPECT_EQ(command(4, 0, bytes_of({3, 0})), ack_ok);
    EXPECT_EQ(control.pairs, 3u);
    EXPECT_EQ(command(4, 0, bytes_of({0, 0})), ack_error);
    EXPECT_EQ(command(4, 0, bytes_of({4, 0})), ack_error);
    EXPECT_EQ(control.pairs, 3u);
    ASSERT_TRUE(driver.transport.reset());
    EXPECT_EQ(control.pairs, 1u);
}

TEST_P(NetControlTest, EveryPairWorks) {
    start();
    for (unsigned pair = 0; pair < pair_count; ++pair) {
        EXPECT_TRUE(send(make_frame(60 + pair), {}, 2 * pair + 1));
        EXPECT_EQ(wires[pair].sent.size(), 1u);
        offer(200, 2 * pair);
        wires[pair].arrive(make_frame(60));
        EXPECT_TRUE(driver.ring(2 * pair).poll().has_value());
    }
}

TEST_P(NetControlTest, WithoutMultiqueueTheControlQueueIsTheThird) {
    start(control_features);
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_ok);
    EXPECT_EQ(command(4, 0, bytes_of({2, 0})), ack_error);
    EXPECT_FALSE(reaches(other_mac));
    // The reset that follows stops it like any other queue.
}

TEST_P(NetControlTest, OffloadsAreSwitchedWithinTheNegotiated) {
    start();
    EXPECT_EQ(control.offloads, net_offload::checksum | net_offload::tcp4);
    const auto set = [this](std::uint64_t features) {
        Bytes bytes(8);
        const Le64 wire(features);
        std::memcpy(bytes.data(), &wire, bytes.size());
        return command(5, 0, bytes);
    };
    EXPECT_EQ(set(net::F_GUEST_CSUM), ack_ok);
    EXPECT_EQ(control.offloads, net_offload::checksum);
    EXPECT_EQ(set(net::F_GUEST_TSO6), ack_error);
    EXPECT_EQ(set(net::F_CSUM), ack_error);
    EXPECT_EQ(control.offloads, net_offload::checksum);
    EXPECT_EQ(set(0), ack_ok);
    EXPECT_EQ(control.offloads, 0u);
}

TEST_P(NetControlTest, CommandsNeedTheirFeature) {
    start(net::F_CTRL_VQ);
    EXPECT_EQ(mode(net::ReceiveMode::promiscuous, 0), ack_error);
    EXPECT_EQ(mode(net::ReceiveMode::no_unicast, 1), ack_error);
    EXPECT_EQ(command(1, 0, table({}) + table({})), ack_error);
    EXPECT_EQ(command(1, 1, bytes_of({2, 0, 0, 0, 0, 9})), ack_error);
    EXPECT_EQ(command(4, 0, bytes_of({1, 0})), ack_error);
    EXPECT_EQ(command(5, 0, Bytes(8)), ack_error);
}

TEST_P(NetControlTest, MalformedCommandsAreErrors) {
    start();
    EXPECT_EQ(command(0, 0, {}), ack_error);
    EXPECT_EQ(command(0, 6, bytes_of({1})), ack_error);
    EXPECT_EQ(command(1, 0, {}), ack_error);
    EXPECT_EQ(command(1, 0, table({})), ack_error);
    EXPECT_EQ(command(1, 0, table({own_mac}, 2)), ack_error);
    EXPECT_EQ(command(1, 0, table({}, 0xffffffff)), ack_error);
    EXPECT_EQ(command(1, 1, bytes_of({1, 2, 3})), ack_error);
    EXPECT_EQ(command(2, 0, bytes_of({1, 0})), ack_error);
    EXPECT_EQ(command(4, 0, bytes_of({1})), ack_error);
    EXPECT_EQ(command(5, 0, bytes_of({1, 2, 3})), ack_error);
    EXPECT_EQ(command(255, 255, {}), ack_error);
    EXPECT_FALSE(driver.broken());
}

TEST_P(NetControlTest, ACommandWithoutRoomForAnAnswerBreaksTheDevice) {
    start();
    driver.ring(control_queue).add({{ram.allocate(3), 3, false}});
    driver.kick(control_queue);
    EXPECT_TRUE(driver.broken());
}

TEST_P(NetControlTest, WithoutAControlQueueItsRingIsLeftAlone) {
    start(0);
    driver.ring(2).add({{ram.allocate(3), 3, false}, {ram.allocate(1), 1, true}});
    driver.kick(2);
    EXPECT_FALSE(driver.broken());
}

}  // namespace
}  // namespace lkvm::test
