// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/entropy/random_pool.hpp"

#include <array>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

TEST(ChaCha20, GivesTheBlockOfTheRfc) {
    // RFC 8439 §2.3.2
    ChaChaKey key{};
    for (std::uint32_t i = 0; i < 8; ++i) {
        key[i] = (4 * i) | (4 * i + 1) << 8 | (4 * i + 2) << 16 | (4 * i + 3) << 24;
    }
    const ChaChaBlock block = chacha20_block(key, 1, {0x09000000, 0x4a000000, 0});
    const ChaChaBlock wanted{0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3, 0xc7f4d1c7, 0x0368c033,
                             0x9aaa2204, 0x4e6cd4c3, 0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
                             0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2};
    EXPECT_EQ(block, wanted);
}

TEST(RandomPool, GivesNothingUntilItHasEnoughOfAGoodSource) {
    RandomPool pool;
    std::array<std::byte, 16> seed{};
    std::array<std::byte, 8> out{};
    EXPECT_EQ(pool.fill(out), 0U);
    pool.add(seed);
    EXPECT_FALSE(pool.seeded());
    EXPECT_EQ(pool.fill(out), 0U);
    pool.add(seed);
    EXPECT_TRUE(pool.seeded());
    EXPECT_EQ(pool.fill(out), out.size());
}

TEST(RandomPool, NeverRepeatsAndDependsOnTheSeed) {
    std::set<std::vector<std::byte>> seen;
    for (std::uint8_t first = 0; first < 4; ++first) {
        RandomPool pool;
        std::array<std::byte, 32> seed{};
        seed[31] = std::byte{first};
        pool.add(seed);
        for (unsigned i = 0; i < 100; ++i) {
            std::vector<std::byte> out(100);
            ASSERT_EQ(pool.fill(out), out.size());
            EXPECT_TRUE(seen.insert(out).second);
        }
    }
}

TEST(RandomPool, AnswersLongRequestsInPart) {
    RandomPool pool;
    std::array<std::byte, 32> seed{};
    pool.add(seed);
    std::vector<std::byte> out(10000);
    const std::size_t count = pool.fill(out);
    EXPECT_GE(count, 256U);
    EXPECT_LT(count, out.size());
}

}  // namespace
}  // namespace lkvm::hv
