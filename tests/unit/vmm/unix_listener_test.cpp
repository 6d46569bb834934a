// SPDX-License-Identifier: GPL-2.0-or-later
// Names of sockets that several programs want, or that were left behind.
#include "vmm/host/unix_listener.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "vmm/host/unique_fd.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>

namespace lkvm::test {
namespace {

using testing::HasSubstr;
using vmm::UniqueFd;
using vmm::UnixListener;

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);  // as the socket calls want it
}

class SocketName : public ::testing::Test {
protected:
    SocketName() { EXPECT_NE(::mkdtemp(folder.data()), nullptr); }
    ~SocketName() override { std::filesystem::remove_all(folder); }

    /// What a killed program leaves.
    void leave_behind() const {
        sockaddr_un address;
        ASSERT_TRUE(vmm::unix_address(path(), address));
        const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ASSERT_EQ(::bind(fd.value(), generic(address), sizeof(address)), 0);
    }
    [[nodiscard]] bool answers() const {
        sockaddr_un address;
        EXPECT_TRUE(vmm::unix_address(path(), address));
        const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        return ::connect(fd.value(), generic(address), sizeof(address)) == 0;
    }
    [[nodiscard]] std::string path() const { return folder + "/guest.sock"; }
    [[nodiscard]] std::size_t files() const {
        const std::filesystem::directory_iterator all(folder);
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

    std::string folder = testing::TempDir() + "lkvm-names-XXXXXX";
};

TEST_F(SocketName, IsTakenByOneOfManyWhoFindAStaleOne) {
    constexpr unsigned starters = 8;
    constexpr int rounds = 100;
    std::atomic<unsigned> winners{0};
    std::atomic<unsigned> wrong{0};
    // Everybody starts together, and the winner holds the name until everybody has tried.
    std::barrier sync(starters + 2);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < starters; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round < rounds; ++round) {
                sync.arrive_and_wait();
                const auto made = UnixListener::create(path(), "test");
                if (made.has_value()) {
                    ++winners;
                } else if (made.failure().message.find("in use") == std::string::npos) {
                    ++wrong;
                }
                sync.arrive_and_wait();
                sync.arrive_and_wait();  // the others have looked
            }
        });
    }
    // Somebody lists the guests, and tidies up, meanwhile.
    threads.emplace_back([&] {
        for (int round = 0; round < rounds; ++round) {
            sync.arrive_and_wait();
            vmm::remove_stale_socket(path());
            sync.arrive_and_wait();
            sync.arrive_and_wait();
        }
    });
    for (int round = 0; round < rounds; ++round) {
        leave_behind();
        winners = 0;
        sync.arrive_and_wait();
        sync.arrive_and_wait();
        EXPECT_EQ(winners, 1u);
        EXPECT_TRUE(answers());
        EXPECT_EQ(files(), 1u);
        sync.arrive_and_wait();
        while (files() != 0) std::this_thread::yield();  // the winner goes
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(wrong, 0u);
}

TEST_F(SocketName, IsNotTouchedWhileSomebodyElseLooksAtIt) {
    leave_behind();
    const UniqueFd other(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_EQ(::flock(other.value(), LOCK_EX), 0);
    std::atomic<unsigned> done{0};
    std::thread starter([&] {
        EXPECT_TRUE(UnixListener::create(path(), "test").has_value());
        ++done;
    });
    std::thread lister([&] {
        vmm::remove_stale_socket(path());
        ++done;
    });
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    EXPECT_EQ(done, 0u);
    EXPECT_TRUE(std::filesystem::is_socket(path()));
    ASSERT_EQ(::flock(other.value(), LOCK_UN), 0);
    starter.join();
    lister.join();
}

TEST_F(SocketName, GoesWithItsListener) {
    {
        const auto made = UnixListener::create(path(), "test");
        ASSERT_TRUE(made.has_value());
        EXPECT_TRUE(answers());
    }
    EXPECT_EQ(files(), 0u);
}

TEST_F(SocketName, StaysWithSomebodyWhoTookItOver) {
    auto first = UnixListener::create(path(), "test");
    ASSERT_TRUE(first.has_value());
    std::filesystem::remove(path());  // by the user's own hand
    const auto second = UnixListener::create(path(), "test");
    ASSERT_TRUE(second.has_value());
    first.value() = UnixListener();
    EXPECT_TRUE(answers());
}

TEST_F(SocketName, IsNotTakenFromAListener) {
    const auto first = UnixListener::create(path(), "test");
    ASSERT_TRUE(first.has_value());
    vmm::remove_stale_socket(path());
    const auto second = UnixListener::create(path(), "test");
    ASSERT_FALSE(second.has_value());
    EXPECT_THAT(second.failure().message, HasSubstr("in use"));
    EXPECT_TRUE(answers());
}

TEST_F(SocketName, IsNotTakenFromAFile) {
    {
        const UniqueFd file(::open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    }
    vmm::remove_stale_socket(path());
    const auto made = UnixListener::create(path(), "test");
    ASSERT_FALSE(made.has_value());
    EXPECT_THAT(made.failure().message, HasSubstr("File exists"));
    EXPECT_TRUE(std::filesystem::is_regular_file(path()));
}

}  // namespace
}  // namespace lkvm::test
