// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/control/control.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/baremetal/fake_zone.hpp"

namespace lkvm::hv {
namespace {

class ControlTest : public testing::Test, public FakeZones {
protected:
    std::string ask(std::string_view line, std::size_t room = max_control_reply) {
        std::vector<char> reply(room);
        const std::size_t size = serve_control(*this, line, reply);
        return {reply.data(), size};
    }
};

TEST_F(ControlTest, ListsAllZones) {
    right.state_now = ZoneState::parked;
    right.why = "says \"no\"";
    EXPECT_EQ(ask("list\n"),
              R"({"ok":true,"zones":[)"
              R"({"name":"left","state":"running","cpus":2,"memory":536870912,"reason":""},)"
              R"({"name":"right","state":"parked","cpus":2,"memory":536870912,)"
              R"("reason":"says \"no\""}]})"
              "\n");
}

TEST_F(ControlTest, StatOfOneZoneHasItsExitsAndThePool) {
    left.totals[static_cast<std::size_t>(ExitReason::idle)] = {7, 700, 120};
    left.totals[static_cast<std::size_t>(ExitReason::mmio)] = {1, 0, 0};
    EXPECT_EQ(ask("stat left"),
              R"({"ok":true,"zones":[{"name":"left","state":"running","cpus":2,)"
              R"("memory":536870912,"reason":"","exits":{"idle":7,"mmio":1},)"
              R"("instructions":{"idle":700},"longest":{"idle":120},"idle_exits":7,)"
              R"("uptime_ns":1500000000,"starts":3}],"pool":{"free_bytes":4096}})"
              "\n");
}

TEST_F(ControlTest, PassesRequestsToTheNamedZoneOnly) {
    left.state_now = ZoneState::stopping;
    EXPECT_EQ(ask(" stop  left\r\n"), "{\"ok\":true,\"state\":\"stopping\"}\n");
    EXPECT_EQ(left.requests, std::vector{ZoneRequest::stop});
    for (const char* line : {"start right", "reset right", "pause right", "resume right"}) {
        EXPECT_EQ(ask(line).find("{\"ok\":true"), 0u) << line;
    }
    EXPECT_EQ(right.requests, (std::vector{ZoneRequest::start, ZoneRequest::reset,
                                           ZoneRequest::pause, ZoneRequest::resume}));
}

TEST_F(ControlTest, SaysWhyARequestIsRefused) {
    left.refuse = true;
    left.state_now = ZoneState::paused;
    EXPECT_EQ(ask("pause left"), "{\"ok\":false,\"error\":\"not while the zone is paused\"}\n");
    EXPECT_EQ(ask("stop no\"body"), "{\"ok\":false,\"error\":\"there is no zone nobody\"}\n");
}

TEST_F(ControlTest, RefusesWhatIsNoCommand) {
    const std::string refused =
        "{\"ok\":false,\"error\":\"no such command, or not with these words\"}\n";
    EXPECT_EQ(ask(""), refused);
    EXPECT_EQ(ask("list left"), refused);
    EXPECT_EQ(ask("stop"), refused);
    EXPECT_EQ(ask("stop left now"), refused);
    EXPECT_EQ(ask("LIST"), refused);
    EXPECT_EQ(ask("list" + std::string(max_control_line, ' ')), refused);
    EXPECT_TRUE(left.requests.empty());
}

TEST_F(ControlTest, LogIsEscapedAndKeepsItsEnd) {
    left.text = "a\"b\\\r\n\x1b[0m";
    EXPECT_EQ(ask("log left"), R"({"ok":true,"log":"a\"b\\\u000d\n\u001b[0m"})"
                               "\n");
    left.text = std::string(200, '\x01') + "the end";
    const std::string reply = ask("log left", 64);
    EXPECT_LE(reply.size(), 64u);
    EXPECT_EQ(reply.find("{\"ok\":true,\"log\":\"\\u0001"), 0u);
    EXPECT_NE(reply.find("\\u0001the end\"}\n"), std::string::npos);
}

TEST_F(ControlTest, LogOfEveryByteFitsInEveryBuffer) {
    for (int c = 0; c < 256; ++c) left.text += static_cast<char>(c);
    for (std::size_t room = 24; room < 1200; ++room) {
        const std::string reply = ask("log left", room);
        ASSERT_LE(reply.size(), room);
        ASSERT_EQ(reply.substr(reply.size() - 3), "\"}\n") << room;
    }
}

TEST_F(ControlTest, AReplyThatDoesNotFitIsAnError) {
    EXPECT_EQ(ask("list", 60), "{\"ok\":false,\"error\":\"the reply is too long\"}\n");
}

TEST(ExitLog, CountsAndKeepsTheLastExits) {
    ExitLog log;
    for (std::uint64_t i = 0; i < 20; ++i) {
        EXPECT_TRUE(log.note(ExitReason::iocsr, i, i * 2));
        log.note_cost(ExitReason::iocsr, i);
    }
    ExitTotals totals{};
    log.add_to(totals);
    const ExitTotal& iocsr = totals[static_cast<std::size_t>(ExitReason::iocsr)];
    EXPECT_EQ(iocsr.count, 20u);
    EXPECT_EQ(iocsr.instructions, 190u);
    EXPECT_EQ(iocsr.most, 19u);
    ASSERT_NE(log.last(0), nullptr);
    EXPECT_EQ(log.last(0)->pc, 19u);
    EXPECT_EQ(log.last(ExitLog::kept - 1)->detail, (20u - ExitLog::kept) * 2);
    EXPECT_EQ(log.last(ExitLog::kept), nullptr);
}

TEST(ExitLog, TakesEndlessExitsAtOnePlaceForStuck) {
    ExitLog log;
    std::uint64_t exits = 0;
    while (log.note(ExitReason::cpucfg, 0x1000, 0)) {
        // Interrupts come in between, at another instruction of the loop.
        if (++exits % 1000 == 0) ASSERT_TRUE(log.note(ExitReason::interrupt, 0x1004, 0));
    }
    EXPECT_EQ(exits, ExitLog::stuck_after);
    EXPECT_TRUE(log.note(ExitReason::cpucfg, 0x1004, 0));
}

TEST(ExitLog, AGuestThatIdlesOrPollsForEverIsNotStuck) {
    ExitLog log;
    for (std::uint64_t i = 0; i < ExitLog::stuck_after + 10; ++i) {
        ASSERT_TRUE(log.note(ExitReason::idle, 0x1000, 0));
    }
    for (std::uint64_t i = 0; i < ExitLog::stuck_after + 10; ++i) {
        ASSERT_TRUE(log.note(ExitReason::mmio, 0x2000, 0));
    }
}

}  // namespace
}  // namespace lkvm::hv
