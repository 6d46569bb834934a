// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/socket_port.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "vmm/text.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

bool readable(int fd, int timeout_ms) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, timeout_ms) > 0;
}

vmm::UniqueFd connect_to(const std::string& path) {
    sockaddr_un address;
    EXPECT_TRUE(vmm::unix_address(path, address));
    vmm::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    EXPECT_EQ(::connect(fd.value(), generic, sizeof(address)), 0);
    return fd;
}

std::string socket_path() {
    return vmm::text(testing::TempDir(), "port-", ::getpid(), ".sock");
}

TEST(SocketPort, DoesNotSpinWhenTheHostIsOutOfDescriptors) {
    vmm::EventLoop loop{"port"};
    bool opened = false;
    auto port = vmm::SocketPort::create({"box", socket_path()}, loop,
                                        {[] {}, [] {}, [&](bool open) { opened = open; }});
    ASSERT_TRUE(port.has_value());
    const vmm::UniqueFd client = connect_to(socket_path());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 1;  // as many as poll() is asked about
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    ASSERT_TRUE(readable(loop.fd(), 0));
    const auto served = std::chrono::steady_clock::now();
    loop.serve_ready();
    const bool again = readable(loop.fd(), 0);
    // After a pause it is tried again, which may be over on a busy machine.
    EXPECT_TRUE(!again ||
                std::chrono::steady_clock::now() - served >= std::chrono::milliseconds{100})
        << "the listener would be served over and over";
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(opened);
    for (int tries = 0; !opened && tries < 3; ++tries) {
        ASSERT_TRUE(readable(loop.fd(), 60'000));
        loop.serve_ready();
    }
    EXPECT_TRUE(opened);
}

TEST(UnixListener, TakesItsNameOnlyFromOneThatIsGone) {
    auto first = vmm::UnixListener::create(socket_path(), "test");
    ASSERT_TRUE(first.has_value());
    const auto second = vmm::UnixListener::create(socket_path(), "test");
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.failure().message.find("in use"), std::string::npos)
        << second.failure().message;
    connect_to(socket_path());
    EXPECT_TRUE(first.value().accept().valid()) << "the first was left alone";
    // As a program that was killed leaves it.
    ASSERT_EQ(::shutdown(first.value().fd(), SHUT_RDWR), 0);
    const auto third = vmm::UnixListener::create(socket_path(), "test");
    ASSERT_TRUE(third.has_value());
    connect_to(socket_path());
    EXPECT_TRUE(third.value().accept().valid());
}

}  // namespace
}  // namespace lkvm::test
