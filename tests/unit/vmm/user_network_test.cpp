// SPDX-License-Identifier: GPL-2.0-or-later
// The user-mode network as a device sees it, without a guest.
#include "vmm/host/network.hpp"

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "vmm/host/unique_fd.hpp"
#include "vmm/log.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace lkvm::vmm {
namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes_of(std::initializer_list<unsigned> values) {
    Bytes bytes;
    for (const unsigned value : values) bytes.push_back(static_cast<std::byte>(value));
    return bytes;
}

/// "Who has 10.0.n.last?" from 10.0.n.15.
Bytes arp_request(unsigned net, unsigned last) {
    Bytes frame = bytes_of({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,  1, 8,   6,
                            0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,  0, 0,   1,
                            10,   0,    net,  15,   0,    0,    0, 0, 0, 0, 10, 0, net, last});
    return frame;
}

/// Where this process listens with TCP.
std::optional<sockaddr_in> find_listener() {
    for (int fd = 0; fd < 1000; ++fd) {
        int listens = 0;
        socklen_t size = sizeof(listens);
        if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0) continue;
        sockaddr_in address{};
        size = sizeof(address);
        if (listens != 0 && ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
            address.sin_family == AF_INET) {
            return address;
        }
    }
    return std::nullopt;
}

class UserNetworkTest : public testing::Test, protected NetEvents {
protected:
    void SetUp() override {
        if (!user_network_available()) GTEST_SKIP() << "built without user-mode networking";
    }
    ~UserNetworkTest() override {
        loop.stop();
        network.reset();
    }

    [[nodiscard]] Outcome<> make(NetOptions options, unsigned index = 0) {
        options.argument = "test";
        EventLoop* const loops[] = {&loop};
        network = LKVM_CHECK(make_user_network({options, index, loops, log, "net"}));
        network->pair(0).connect(*this);
        return {};
    }
    void start() {
        loop.post([this] { network->pair(0).listen(true); });
        loop.start();
    }
    void send(Bytes frame) {
        loop.post([this, frame = std::move(frame)]() mutable {
            const HostBuffer pieces[] = {{frame.data(), 10},
                                         {frame.data() + 10, frame.size() - 10}};
            EXPECT_EQ(network->pair(0).send({}, pieces), SendStatus::done);
        });
    }
    /// The next frame of an EtherType.
    Bytes wait_for(unsigned ethertype) {
        std::unique_lock lock(mutex);
        for (;;) {
            while (!arrived.empty()) {
                Bytes frame = std::move(arrived.front());
                arrived.pop_front();
                const unsigned type = std::to_integer<unsigned>(frame[12]) << 8 |
                                      std::to_integer<unsigned>(frame[13]);
                if (type == ethertype) return frame;
            }
            if (changed.wait_for(lock, std::chrono::seconds(60)) == std::cv_status::timeout) {
                ADD_FAILURE() << "no frame";
                return Bytes(64);
            }
        }
    }

    void receive_ready() override {
        NetBackend& pair = network->pair(0);
        while (const auto frame = pair.front()) {
            {
                const std::lock_guard lock(mutex);
                arrived.emplace_back(frame->bytes.begin(), frame->bytes.end());
            }
            pair.pop();
        }
        changed.notify_all();
    }
    void send_ready() override {}

    StderrLog log{LogLevel::error};
    EventLoop loop{"user-net"};
    std::unique_ptr<Network> network;
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Bytes> arrived;
};

TEST_F(UserNetworkTest, TheGatewayAnswers) {
    ASSERT_TRUE(make({}).has_value());
    start();
    send(arp_request(2, 2));
    const Bytes reply = wait_for(0x0806);
    ASSERT_GE(reply.size(), 42u);
    EXPECT_EQ(reply[21], std::byte{2});
    EXPECT_EQ(std::memcmp(reply.data() + 28, bytes_of({10, 0, 2, 2}).data(), 4), 0);
}

TEST_F(UserNetworkTest, TheSecondNetworkIsAnother) {
    ASSERT_TRUE(make({}, 1).has_value());
    start();
    send(arp_request(3, 2));
    const Bytes reply = wait_for(0x0806);
    EXPECT_EQ(std::memcmp(reply.data() + 28, bytes_of({10, 0, 3, 2}).data(), 4), 0);
}

TEST_F(UserNetworkTest, AConnectionToAForwardedPortAsksForTheGuest) {
    // A port that is taken.
    const UniqueFd probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    ASSERT_EQ(::bind(probe.value(), reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(probe.value(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    const std::uint16_t port = ntohs(address.sin_port);

    NetOptions options;
    options.forwards.push_back({false, INADDR_LOOPBACK, port, 0, 80});
    const Outcome<> taken = make(options);
    ASSERT_FALSE(taken.has_value());
    EXPECT_NE(taken.failure().message.find("cannot listen on port"), std::string::npos);
    // One that the kernel chooses: nobody else can have taken it meanwhile.
    options.forwards[0].host_port = 0;
    ASSERT_TRUE(make(options).has_value());
    const std::optional<sockaddr_in> listening = find_listener();
    ASSERT_TRUE(listening.has_value());
    start();
    const UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(client.value(), reinterpret_cast<const sockaddr*>(&*listening), size), 0);
    const Bytes request = wait_for(0x0806);
    EXPECT_EQ(std::memcmp(request.data() + 38, bytes_of({10, 0, 2, 15}).data(), 4), 0);
}

TEST_F(UserNetworkTest, OneQueueOnly) {
    NetOptions options;
    options.queues = 2;
    EXPECT_FALSE(make(options).has_value());
}

TEST_F(UserNetworkTest, RefusesAnMtuThatTheLibraryCannot) {
    NetOptions options;
    options.mtu = 65522;
    const Outcome<> refused = make(options);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.failure().code, ExitCode::usage_error);
    options.mtu = 65521;
    EXPECT_TRUE(make(options).has_value());
}

TEST_F(UserNetworkTest, RubbishIsSurvived) {
    ASSERT_TRUE(make({}).has_value());
    start();
    for (unsigned seed = 0; seed < 2000; ++seed) {
        Bytes frame = arp_request(2, 2);
        frame.resize(14 + seed % 200 + 30);
        unsigned random = seed;
        for (std::size_t i = 12; i < frame.size(); ++i) {
            random = random * 1103515245 + 12345;
            if (i >= 14) frame[i] = static_cast<std::byte>(random >> 16);
        }
        const unsigned types[] = {0x0800, 0x0806, 0x86dd, 0x0803};
        frame[12] = static_cast<std::byte>(types[seed % 4] >> 8);
        frame[13] = static_cast<std::byte>(types[seed % 4] & 0xff);
        if (seed % 8 == 0) frame[14] = std::byte{0x45};
        if (seed % 8 == 2) frame[14] = std::byte{0x60};
        send(std::move(frame));
    }
    send(arp_request(2, 2));
    for (;;) {
        const Bytes reply = wait_for(0x0806);
        if (reply[21] == std::byte{2}) break;
        if (testing::Test::HasFailure()) break;
    }
}

}  // namespace
}  // namespace lkvm::vmm
