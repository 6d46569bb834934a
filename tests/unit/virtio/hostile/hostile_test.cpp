// SPDX-License-Identifier: GPL-2.0-or-later
// The hostile-guest suite: every attack ends in its defined outcome, and a reset makes all good.
#include <cstdio>

#include <gtest/gtest.h>

#include "tests/unit/virtio/hostile/victim.hpp"

namespace lkvm::test {
namespace {

using virtio::RingFormat;

struct Case {
    RingFormat format = RingFormat::split;
    Attack attack;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.attack.name;
}

std::vector<Case> cases() {
    std::vector<Case> result;
    const auto add = [&result](RingFormat format, const std::vector<Attack>& attacks) {
        for (const Attack& attack : attacks) result.push_back({format, attack});
    };
    for (const RingFormat format : {RingFormat::split, RingFormat::packed}) {
        add(format, chain_attacks());
        add(format, register_attacks());
        add(format, request_attacks());
    }
    add(RingFormat::split, split_ring_attacks());
    add(RingFormat::packed, packed_ring_attacks());
    return result;
}

unsigned count = 0;

/// Prints how many attacks there were, for whoever reads the log.
class Counter final : public testing::Environment {
public:
    void TearDown() override {
        if (count != 0) std::printf("hostile suite: %u cases\n", count);
    }
};
const testing::Environment* const counter = testing::AddGlobalTestEnvironment(new Counter);

class Hostile : public testing::TestWithParam<Case> {};

TEST_P(Hostile, EndsAsDefined) {
    ++count;
    const Attack& attack = GetParam().attack;
    Victim victim(GetParam().format);
    attack.run(victim);
    switch (attack.outcome) {
        case Outcome::needs_reset:
            EXPECT_TRUE(victim.driver.broken());
            EXPECT_FALSE(victim.driver.log.lines.empty()) << "somebody should hear about it";
            break;
        case Outcome::ignored:
            EXPECT_FALSE(victim.driver.broken());
            EXPECT_TRUE(victim.disk.submitted.empty());
            break;
        case Outcome::served:
            EXPECT_FALSE(victim.driver.broken());
            EXPECT_TRUE(victim.used_something());
            EXPECT_EQ(victim.status_byte(), 0u);
            break;
        case Outcome::io_error:
        case Outcome::unsupported:
            EXPECT_FALSE(victim.driver.broken());
            EXPECT_TRUE(victim.used_something());
            EXPECT_EQ(victim.status_byte(), attack.outcome == Outcome::io_error ? 1u : 2u);
            break;
    }
    EXPECT_LT(victim.driver.log.lines.size(), 64u) << "logs are limited";
    // After a reset all is well.
    victim.start();
    EXPECT_EQ(victim.driver.read(virtio::mmio::InterruptStatus), 0u);
    victim.offer({victim.header(), victim.data(), victim.status()});
    victim.kick();
    victim.disk.finish();
    EXPECT_FALSE(victim.driver.broken());
    EXPECT_EQ(victim.status_byte(), 0u);
    EXPECT_TRUE(victim.used_something());
}

INSTANTIATE_TEST_SUITE_P(Guest, Hostile, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& info) {
                             const bool split = info.param.format == RingFormat::split;
                             return (split ? "Split_" : "Packed_") + info.param.attack.name;
                         });

}  // namespace
}  // namespace lkvm::test
