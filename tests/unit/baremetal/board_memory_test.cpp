// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/board_memory.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace lkvm::hv {
namespace {

constexpr std::uint64_t mib = 0x100000;

TEST(BoardMemory, GivesAlignedPiecesThatDoNotOverlap) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(0x90000000 + 0x4000, 64 * mib).has_value());
    const std::uint64_t a = memory.allocate(mib, mib).value();
    const std::uint64_t b = memory.allocate(0x4000, 0x4000).value();
    const std::uint64_t c = memory.allocate(32 * mib, 32 * mib).value();
    EXPECT_EQ(a % mib, 0u);
    EXPECT_EQ(c % (32 * mib), 0u);
    EXPECT_EQ(b, 0x90004000u);  // the gap that alignment left
    EXPECT_TRUE(a + mib <= c || c + 32 * mib <= a);
    EXPECT_EQ(memory.free_bytes(), 64 * mib - mib - 0x4000 - 32 * mib);
}

TEST(BoardMemory, LeavesOutWhatIsReserved) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(0, 10 * mib).has_value());
    ASSERT_TRUE(memory.reserve(4 * mib, mib).has_value());
    ASSERT_TRUE(memory.reserve(20 * mib, mib).has_value());
    EXPECT_EQ(memory.counters().total_bytes, 9 * mib);
    EXPECT_EQ(memory.allocate(5 * mib, mib).value(), 5 * mib);
    EXPECT_EQ(memory.allocate(5 * mib, mib).error().code, ErrorCode::no_space);
}

TEST(BoardMemory, CountsARangeNamedTwiceOnce) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(0, 4 * mib).has_value());
    ASSERT_TRUE(memory.add(2 * mib, 4 * mib).has_value());
    EXPECT_EQ(memory.free_bytes(), 6 * mib);
    EXPECT_EQ(memory.counters().free_ranges, 1u);
}

TEST(BoardMemory, RefusesSizesThatWrapAround) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(mib, mib).has_value());
    EXPECT_FALSE(memory.allocate(UINT64_MAX, 1).has_value());
    EXPECT_FALSE(memory.allocate(mib, std::uint64_t{1} << 63).has_value());
}

TEST(BoardMemory, IsAsBeforeWhenAllPiecesAreBack) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(0x1000, 100 * mib).has_value());
    ASSERT_TRUE(memory.reserve(50 * mib, mib).has_value());
    const auto before = memory.counters();
    std::mt19937 random{7};
    std::map<std::uint64_t, std::uint64_t> pieces;
    for (int step = 0; step < 20'000; ++step) {
        if (random() % 2 == 0) {
            const std::uint64_t size = (random() % 64 + 1) * 0x4000;
            const auto piece = memory.allocate(size, std::uint64_t{0x4000} << random() % 4);
            if (!piece.has_value()) continue;
            for (const auto& [base, length] : pieces) {
                ASSERT_TRUE(piece.value() + size <= base || base + length <= piece.value());
            }
            pieces[piece.value()] = size;
        } else if (!pieces.empty()) {
            const auto victim =
                std::next(pieces.begin(), static_cast<std::ptrdiff_t>(random() % pieces.size()));
            memory.release(victim->first, victim->second);
            pieces.erase(victim);
        }
    }
    for (const auto& [base, size] : pieces) memory.release(base, size);
    const auto after = memory.counters();
    EXPECT_EQ(after.free_bytes, before.free_bytes);
    EXPECT_EQ(after.free_ranges, before.free_ranges);
    EXPECT_EQ(after.pieces, 0u);
}

TEST(BoardMemory, AlwaysHasRoomForTheReturnOfAPiece) {
    BoardMemory memory;
    ASSERT_TRUE(memory.add(0, 64 * mib).has_value());
    std::vector<std::uint64_t> pieces;
    for (;;) {
        const auto piece = memory.allocate(0x1000, 0x1000);
        if (!piece.has_value()) break;
        pieces.push_back(piece.value());
    }
    ASSERT_GT(pieces.size(), 100u);
    for (std::size_t i = 0; i < pieces.size(); i += 2) memory.release(pieces[i], 0x1000);
    for (std::size_t i = 1; i < pieces.size(); i += 2) memory.release(pieces[i], 0x1000);
    EXPECT_EQ(memory.free_bytes(), 64 * mib);
    EXPECT_EQ(memory.counters().free_ranges, 1u);
}

}  // namespace
}  // namespace lkvm::hv
