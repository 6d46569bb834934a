// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/network_arguments.hpp"

#include <gtest/gtest.h>

#include "vmm/host/network.hpp"

namespace lkvm::vmm {
namespace {

NetOptions good(std::string_view argument) {
    const auto parsed = parse_network(argument);
    EXPECT_TRUE(parsed.has_value()) << argument << ": " << parsed.failure().message;
    if (!parsed.has_value() || !parsed.value().has_value()) return {};
    return *parsed.value();
}

/// The message, which names option and value.
std::string bad(std::string_view argument) {
    const auto parsed = parse_network(argument);
    EXPECT_FALSE(parsed.has_value()) << argument;
    if (parsed.has_value()) return "";
    EXPECT_EQ(parsed.failure().code, ExitCode::usage_error);
    const std::string& message = parsed.failure().message;
    EXPECT_NE(message.find("--network '" + std::string(argument) + "': "), std::string::npos)
        << message;
    return message;
}

TEST(NetworkArguments, ModeIsUserUnlessSaid) {
    EXPECT_EQ(good("mode=user").mode, NetMode::user);
    EXPECT_EQ(good("mtu=1400").mode, NetMode::user);
    EXPECT_EQ(good("mode=tap").mode, NetMode::tap);
    EXPECT_FALSE(parse_network("mode=none").value().has_value());
    EXPECT_NE(bad("mode=bridge").find("expected user, tap, zones or none"), std::string::npos);
    bad("mode=");
}

TEST(NetworkArguments, ReadsMacAddresses) {
    const MacAddress mac{2, 0, 0xab, 0xcd, 0xef, 1};
    EXPECT_EQ(good("mode=user,mac=02:00:ab:CD:ef:01").mac, mac);
    EXPECT_EQ(good("guest_mac=02:00:ab:cd:ef:01").mac, mac);
    for (const char* wrong :
         {"mac=", "mac=02:00:ab:cd:ef", "mac=02:00:ab:cd:ef:01:02", "mac=2:0:ab:cd:ef:01",
          "mac=02-00-ab-cd-ef-01", "mac=03:00:ab:cd:ef:01", "mac=00:00:00:00:00:00",
          "mac=02:00:ab:cd:ef:0g", "mac=02:00:ab:cd:ef:", "mac=+2:00:ab:cd:ef:01"}) {
        bad(wrong);
    }
}

TEST(NetworkArguments, NothingEndsWithASeparator) {
    for (const char* wrong :
         {"", ",", "mode=user,", "mac=02:00:ab:cd:ef:01:", "mode=user,packed,",
          "hostfwd=tcp:127.0.0.1.:2222-:22", "hostfwd=tcp::2222-10.0.2.15.:22"}) {
        bad(wrong);
    }
}

TEST(NetworkArguments, NumbersAreInRange) {
    EXPECT_EQ(good("mtu=9000").mtu, 9000);
    EXPECT_EQ(good("mode=tap,queues=4").queues, 4u);
    for (const char* wrong : {"mtu=1279", "mtu=65536", "mtu=x", "mtu=", "mode=tap,queues=0",
                              "mode=tap,queues=17", "mode=tap,fd=-1", "mode=tap,fd=2147483648"}) {
        bad(wrong);
    }
}

TEST(NetworkArguments, ReadsForwards) {
    const NetOptions options =
        good("mode=user,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::53-10.0.2.9:5353");
    ASSERT_EQ(options.forwards.size(), 2u);
    EXPECT_FALSE(options.forwards[0].udp);
    EXPECT_EQ(options.forwards[0].host_address, 0x7f000001u);
    EXPECT_EQ(options.forwards[0].host_port, 2222);
    EXPECT_EQ(options.forwards[0].guest_address, 0u);
    EXPECT_EQ(options.forwards[0].guest_port, 22);
    EXPECT_TRUE(options.forwards[1].udp);
    EXPECT_EQ(options.forwards[1].host_address, 0u);
    EXPECT_EQ(options.forwards[1].guest_address, 0x0a000209u);
    EXPECT_EQ(good("hostfwd=tcp:[127.0.0.1]:80-:8080").forwards[0].host_address, 0x7f000001u);
    for (const char* wrong :
         {"hostfwd=", "hostfwd=tcp", "hostfwd=tcp:80", "hostfwd=tcp::80", "hostfwd=tcp::80-80",
          "hostfwd=sctp::80-:80", "hostfwd=tcp::0-:80", "hostfwd=tcp::80-:0",
          "hostfwd=tcp::65536-:80", "hostfwd=tcp:1.2.3:80-:80", "hostfwd=tcp:1.2.3.256:80-:80",
          "hostfwd=tcp:1.2.3.4.5:80-:80", "hostfwd=tcp:host:80-:80", "hostfwd=tcp::-1-:80"}) {
        bad(wrong);
    }
}

TEST(NetworkArguments, EachModeHasItsOwnOptions) {
    EXPECT_EQ(good("mode=tap,ifname=tap7").interface_name, "tap7");
    EXPECT_EQ(good("tapif=tap7,mode=tap").interface_name, "tap7");
    bad("mode=tap,hostfwd=tcp::80-:80");
    bad("mode=user,ifname=tap7");
    bad("mode=user,fd=5");
    bad("mode=tap,ifname=");
    bad("mode=tap,ifname=a/b");
    bad("mode=tap,vhost");
    bad("mode=tap,vhost=1");
}

TEST(NetworkArguments, DescriptorsAreQueues) {
    const NetOptions options = good("mode=tap,fd=5,fd=6,queues=2");
    EXPECT_EQ(options.fds, (std::vector<int>{5, 6}));
    EXPECT_EQ(options.queues, 2u);
    EXPECT_EQ(good("mode=tap,fd=5,fd=6,fd=7").queues, 3u);
    bad("mode=tap,fd=5,fd=5");
    bad("mode=tap,fd=5,queues=2");
    bad("mode=tap,fd=5,ifname=tap0");
}

TEST(NetworkArguments, WithoutAnyThereIsOneIfItCanBe) {
    const auto usual = check_networks({});
    ASSERT_TRUE(usual.has_value());
    EXPECT_EQ(usual.value().size(), user_network_available() ? 1u : 0u);
    EXPECT_TRUE(check_networks({"mode=none"}).value().empty());
    EXPECT_EQ(check_networks({"mode=none", "mode=tap", "mode=user"}).value().size(), 2u);
    EXPECT_FALSE(check_networks({"mode=user", "mode=x"}).has_value());
}

TEST(DefaultMac, IsLocalAndOneOfMany) {
    const MacAddress fixed = default_mac(NetworkKind::private_network, 0);
    EXPECT_EQ(fixed, default_mac(NetworkKind::private_network, 0));
    EXPECT_NE(fixed, default_mac(NetworkKind::private_network, 1));
    const MacAddress shared = default_mac(NetworkKind::shared_network, 0);
    EXPECT_NE(shared, default_mac(NetworkKind::shared_network, 0));
    EXPECT_EQ(fixed[0] & 3, 2);
    EXPECT_EQ(shared[0] & 3, 2);
}

}  // namespace
}  // namespace lkvm::vmm
