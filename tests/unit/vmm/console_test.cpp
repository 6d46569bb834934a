// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/console_output.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <string_view>
#include <thread>

#include "vmm/host/escape_keys.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/machine/panic_watch.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

using namespace std::chrono_literals;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span{text});
}

class BrokenCounter final : public vmm::ConsoleOutput::BrokenSink {
public:
    void console_broken(int) override { ++count; }
    std::atomic<int> count{0};
};

class ConsoleOutput : public testing::Test {
protected:
    ConsoleOutput() {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        reader = vmm::UniqueFd(ends[0]);
        writer = ends[1];
        ::signal(SIGPIPE, SIG_IGN);
    }
    std::string read_some(std::size_t at_most) {
        std::string text(at_most, '\0');
        const ssize_t count = ::read(reader.value(), text.data(), text.size());
        text.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
        return text;
    }
    vmm::UniqueFd reader;
    // Never closed: the writing thread may outlive the test, and must not find another test's file
    // under this number.
    int writer = -1;
    BrokenCounter broken;
};

TEST_F(ConsoleOutput, WritesWhatItGets) {
    vmm::ConsoleOutput output(writer, broken);
    output.write(bytes_of("hello "));
    output.write(bytes_of("world"));
    EXPECT_TRUE(output.drain(5s));
    EXPECT_EQ(read_some(100), "hello world");
}

TEST_F(ConsoleOutput, LosesNothingWithASlowReader) {
    std::string sent;
    for (int i = 0; i < 60000; ++i) sent += std::to_string(i) + '\n';
    vmm::ConsoleOutput output(writer, broken);
    std::thread producer([&] {
        for (std::size_t at = 0; at < sent.size(); at += 100) {
            output.write(bytes_of(std::string_view(sent).substr(at, 100)));
        }
    });
    std::string got;
    while (got.size() < sent.size()) got += read_some(3000);
    producer.join();
    EXPECT_EQ(got, sent);
}

TEST_F(ConsoleOutput, LetsWritersGoOnWhenUnlimited) {
    vmm::ConsoleOutput output(writer, broken);
    std::thread producer([&] {
        const std::string block(4096, 'x');
        for (int i = 0; i < 100; ++i) output.write(bytes_of(block));
    });
    std::this_thread::sleep_for(20ms);
    output.set_unlimited(true);
    producer.join();  // nobody reads
    EXPECT_FALSE(output.drain(10ms));
    // The thread stays in its write until the reader goes.
    reader = vmm::UniqueFd();
}

TEST_F(ConsoleOutput, TellsOnceThatTheReaderIsGone) {
    reader = vmm::UniqueFd();
    vmm::ConsoleOutput output(writer, broken);
    for (int i = 0; i < 10; ++i) {
        output.write(bytes_of("x"));
        output.drain(1s);
    }
    EXPECT_EQ(broken.count, 1);
    // Writers do not wait for room that never comes.
    output.write(bytes_of(std::string(vmm::ConsoleOutput::capacity * 2, 'x')));
    output.write(bytes_of("x"));
}

TEST_F(ConsoleOutput, WaitsForANonblockingDescriptor) {
    ASSERT_EQ(::fcntl(writer, F_SETFL, O_NONBLOCK), 0);
    const std::string sent(200000, 'y');
    vmm::ConsoleOutput output(writer, broken);
    std::thread producer([&] {
        for (std::size_t at = 0; at < sent.size(); at += 1000) {
            output.write(bytes_of(std::string_view(sent).substr(at, 1000)));
        }
    });
    std::string got;
    while (got.size() < sent.size()) got += read_some(5000);
    producer.join();
    EXPECT_EQ(got, sent);
    EXPECT_EQ(broken.count, 0);
}

struct Typed {
    std::string guest;
    std::vector<vmm::KeyCommand> commands;
};

/// Types `text` in pieces of `step` bytes.
Typed type(std::string_view text, std::size_t step) {
    vmm::EscapeKeys keys;
    Typed typed;
    std::vector<std::byte> guest;
    for (std::size_t at = 0; at < text.size(); at += step) {
        auto bytes = bytes_of(text.substr(at, step));
        while (!bytes.empty()) {
            const vmm::KeyCommand command = keys.take(bytes, guest);
            if (command != vmm::KeyCommand::none) typed.commands.push_back(command);
        }
    }
    for (const std::byte byte : guest) typed.guest += std::to_integer<char>(byte);
    return typed;
}

TEST(EscapeKeys, FindsCommandsHoweverTheInputIsCut) {
    using vmm::KeyCommand;
    for (const std::size_t step : {1u, 2u, 3u, 100u}) {
        const Typed typed = type(
            "ab\x01hcd\x01\x01"
            "e\x01zf\x01x\x01"
            "b",
            step);
        EXPECT_EQ(typed.guest,
                  "abcd\x01"
                  "ef")
            << step;
        EXPECT_EQ(typed.commands,
                  (std::vector{KeyCommand::help, KeyCommand::quit, KeyCommand::send_break}))
            << step;
    }
}

TEST(EscapeKeys, LeavesEverythingElseAlone) {
    std::string all;
    for (int i = 0; i < 256; ++i) {
        if (i != 1) all += static_cast<char>(i);
    }
    EXPECT_EQ(type(all, 7).guest, all);
}

bool panics(std::string_view text, std::size_t step) {
    vmm::PanicWatch watch;
    for (std::size_t at = 0; at < text.size(); at += step) {
        watch.feed(bytes_of(text.substr(at, step)));
    }
    return watch.seen();
}

TEST(PanicWatch, FindsTheMessageHoweverTheOutputIsCut) {
    for (const std::size_t step : {1u, 2u, 5u, 26u, 1000u}) {
        EXPECT_TRUE(panics("[ 1.0] Kernel panic - not syncing: sysrq triggered\r\n", step));
        EXPECT_TRUE(panics("KKernel pKernel panic - not syncing", step));
        EXPECT_FALSE(panics("Kernel panic - not syncin Kernel panic: no", step));
        EXPECT_FALSE(panics("kernel panic - not syncing", step));
    }
}

TEST(PanicWatch, ForgetsAfterAReset) {
    vmm::PanicWatch watch;
    watch.feed(bytes_of("Kernel panic - not "));
    watch.reset();
    watch.feed(bytes_of("syncing"));
    EXPECT_FALSE(watch.seen());
}

}  // namespace
}  // namespace lkvm::test
