// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/life/output_mux.hpp"

#include <string>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

bool write(OutputMux& mux, std::size_t zone, std::string_view text) {
    return mux.write(zone, std::as_bytes(std::span{text.data(), text.size()}));
}

std::string take(OutputMux& mux) {
    std::string all;
    std::array<char, OutputMux::least_taken> piece{};
    while (const std::size_t size = mux.take(piece)) all.append(piece.data(), size);
    return all;
}

class Mux : public ::testing::Test {
protected:
    void SetUp() override {
        mux.name_zone(0, "left");
        mux.name_zone(1, "right");
        mux.set_prefixes(true);
    }
    OutputMux mux;
};

TEST_F(Mux, PutsTheOwnersNameInFrontOfEachLine) {
    EXPECT_TRUE(write(mux, 1, "one\r\ntwo\n"));
    EXPECT_EQ(take(mux), "[right] one\r\n[right] two\r\n");
}

TEST_F(Mux, HoldsBackLinesWithoutAnEndButInFocus) {
    EXPECT_TRUE(write(mux, 0, "~ # "));
    EXPECT_TRUE(write(mux, 1, "half"));
    EXPECT_EQ(take(mux), "[left] ~ # ");
    mux.lose_patience();
    EXPECT_EQ(take(mux), "");
    mux.set_focus(1);
    EXPECT_EQ(take(mux), "\r\n[right] half");
}

TEST_F(Mux, GivesEachZoneALineInTurn) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(write(mux, 0, "a\n"));
        EXPECT_TRUE(write(mux, 1, "b\n"));
    }
    EXPECT_TRUE(mux.line(OutputMux::hypervisor, "c"));
    EXPECT_EQ(take(mux),
              "[right] b\r\n[zones] c\r\n[left] a\r\n[right] b\r\n[left] a\r\n[right] b\r\n"
              "[left] a\r\n");
}

TEST_F(Mux, KeepsWhatIsSaidAboutAZoneBehindWhatItWrote) {
    EXPECT_TRUE(write(mux, 1, "last\nwords"));
    EXPECT_TRUE(mux.line(1, "right is parked"));
    EXPECT_TRUE(write(mux, 1, "again\n"));
    EXPECT_EQ(take(mux),
              "[right] last\r\n[right] words\r\n[zones] right is parked\r\n[right] again\r\n");
}

TEST_F(Mux, DoesNotInterruptALineThatIsBeingWritten) {
    EXPECT_TRUE(write(mux, 0, "half"));
    EXPECT_EQ(take(mux), "[left] half");
    EXPECT_TRUE(write(mux, 1, "other\n"));
    mux.pass_time();
    EXPECT_EQ(take(mux), "");
    EXPECT_TRUE(mux.has_more());
    EXPECT_TRUE(write(mux, 0, " done\n"));
    EXPECT_EQ(take(mux), " done\r\n[right] other\r\n");
    EXPECT_FALSE(mux.has_more());
}

TEST_F(Mux, InterruptsALineThatStandsForLong) {
    EXPECT_TRUE(write(mux, 0, "~ # "));
    EXPECT_EQ(take(mux), "[left] ~ # ");
    EXPECT_TRUE(write(mux, 1, "other\n"));
    for (int i = 0; i < 100; ++i) mux.pass_time();
    EXPECT_EQ(take(mux), "\r\n[right] other\r\n");
    EXPECT_TRUE(write(mux, 0, "ls\n"));
    EXPECT_EQ(take(mux), "[left] ls\r\n");
}

TEST_F(Mux, KeepsThePortFromNobodyForALineWithoutAnEnd) {
    const std::string endless(OutputMux::most_written, 'x');
    EXPECT_TRUE(write(mux, 1, "other\n"));
    EXPECT_TRUE(mux.line(OutputMux::hypervisor, "news"));
    EXPECT_EQ(take(mux), "[right] other\r\n[zones] news\r\n");
    std::string all;
    const auto go_on = [&] {
        EXPECT_TRUE(write(mux, 0, endless));
        all += take(mux);
    };
    go_on();
    EXPECT_TRUE(write(mux, 1, "other\n"));
    EXPECT_TRUE(mux.line(OutputMux::hypervisor, "news"));
    // When its turn ends the others have theirs, and it goes on in a line of its own.
    while (all.find('\n') == std::string::npos && all.size() < 2 * OutputMux::longest_turn) go_on();
    EXPECT_GE(all.find('\n'), OutputMux::longest_turn);
    go_on();
    const std::string others = "\r\n[right] other\r\n[zones] news\r\n[left] x";
    EXPECT_NE(all.find(others), std::string::npos) << all;
}

TEST_F(Mux, GoesOnInTheSameLineIfOthersHaveNothing) {
    const std::string piece(OutputMux::most_written, 'x');
    std::string all;
    while (all.size() < 2 * OutputMux::longest_turn) {
        EXPECT_TRUE(write(mux, 0, piece));
        all += take(mux);
    }
    EXPECT_EQ(all.find('\n'), std::string::npos);
}

TEST_F(Mux, RefusesAWholeWriteWithoutRoomAndKeepsSomeForTheHypervisor) {
    const std::string text(OutputMux::most_written, 'x');
    std::size_t written = 0;
    while (write(mux, 1, text)) written += text.size();
    EXPECT_EQ(written, OutputMux::capacity - OutputMux::reserve);
    EXPECT_TRUE(write(mux, 0, "others have room\n"));
    EXPECT_TRUE(mux.line(1, "is parked"));
    EXPECT_EQ(take(mux), "[right] " + std::string(written, 'x') + "\r\n[zones] is parked\r\n" +
                             "[left] others have room\r\n");
    EXPECT_TRUE(write(mux, 1, text));
}

TEST_F(Mux, SendsEverythingInSmallPieces) {
    std::string wanted;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(write(mux, 0, "\n"));
        wanted += "[left] \r\n";
    }
    EXPECT_EQ(take(mux), wanted);
}

TEST(OutputMux, WritesNoNamesWithOneZone) {
    OutputMux mux;
    mux.name_zone(0, "only");
    EXPECT_TRUE(write(mux, 0, "text\n"));
    EXPECT_TRUE(mux.line(OutputMux::hypervisor, "hello\nworld"));
    EXPECT_EQ(take(mux), "[zones] helloworld\r\ntext\r\n");
}

}  // namespace
}  // namespace lkvm::hv
