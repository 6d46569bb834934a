// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/life/log_ring.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "baremetal/life/panic_watch.hpp"

namespace lkvm::hv {
namespace {

TEST(LogRing, KeepsTheLastBytes) {
    LogRing log;
    std::array<char, 8> out{};
    EXPECT_EQ(log.copy(out), 0u);
    log.write("abc");
    EXPECT_EQ(log.copy(out), 3u);
    EXPECT_EQ(std::string(out.data(), 3), "abc");
    log.write(std::string(LogRing::capacity, 'x'));
    log.write("the end");
    EXPECT_EQ(log.copy(out), 8u);
    EXPECT_EQ(std::string(out.data(), 8), "xthe end");
    std::vector<char> all(2 * LogRing::capacity);
    EXPECT_EQ(log.copy(all), LogRing::capacity);
}

void feed(PanicWatch& watch, std::string_view text) {
    watch.feed(std::as_bytes(std::span{text.data(), text.size()}));
}

TEST(PanicWatch, SaysThatItIsOverOnlyIfNothingFollows) {
    PanicWatch watch;
    feed(watch, "[ 1.2] ---[ end Kernel panic - not syncing: no init ]---\r\n");
    EXPECT_TRUE(watch.over());
    feed(watch, "~ # ");
    EXPECT_FALSE(watch.over());
    feed(watch, "dmesg\n---[ end Kernel panic ]---\nlast line\n");
    EXPECT_FALSE(watch.over());
}

TEST(PanicWatch, FindsThePanicAndItsEndInPieces) {
    PanicWatch watch;
    feed(watch, "Kernel panic - not Kernel pan");
    EXPECT_FALSE(watch.panicked());
    feed(watch, "ic - not syncing: oh");
    EXPECT_TRUE(watch.panicked());
    EXPECT_FALSE(watch.over());
    feed(watch, "\n------");
    feed(watch, "[ end Kernel panic - not syncing");
    EXPECT_TRUE(watch.over());
}

TEST(PanicWatch, KeepsTheReasonOfTheFirstPanic) {
    PanicWatch watch;
    feed(watch, "[ 1.2] Kernel panic - not sync");
    EXPECT_EQ(watch.reason(), "");
    feed(watch, "ing: sysrq trig");
    feed(watch, "gered\x1b crash\r\n[ 1.3] Call Trace:\r\n");
    feed(watch, "---[ end Kernel panic - not syncing: another ]---\r\n");
    EXPECT_EQ(watch.reason(), "sysrq triggered? crash");
}

TEST(PanicWatch, CutsAReasonThatIsTooLong) {
    PanicWatch watch;
    feed(watch, "Kernel panic - not syncing: " + std::string(1000, 'x') + "\n");
    EXPECT_EQ(watch.reason(), std::string(80, 'x'));
}

}  // namespace
}  // namespace lkvm::hv
