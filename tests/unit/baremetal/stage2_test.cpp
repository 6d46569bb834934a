// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/stage2.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "loongarch/csr/csr.hpp"
#include "tests/unit/baremetal/physical_memory.hpp"

namespace lkvm::hv {
namespace {

namespace elo = la::csr::tlbelo;

struct Found {
    std::uint64_t address;
    bool writable;
    bool block;
};

/// Walks as the refill vector does: three levels of 11 bits, bit 6 of a directory entry ends early.
std::optional<Found> walk(const Stage2& stage2, std::uint64_t guest) {
    std::uint64_t table = (guest >> 47 & 1) != 0 ? stage2.nothing() : stage2.root();
    for (const unsigned shift : {36u, 25u}) {
        const std::uint64_t entry =
            *physical_pointer<std::uint64_t>(table + (guest >> shift & 2047) * 8);
        if ((entry & 0x40) != 0) {
            const std::uint64_t base = entry & address_mask & ~(Stage2::block_size - 1);
            return Found{base + guest % Stage2::block_size, elo::D::get(entry), true};
        }
        table = entry;
    }
    const std::uint64_t entry = *physical_pointer<std::uint64_t>(table + (guest >> 14 & 2047) * 8);
    if (!elo::V::get(entry)) return std::nullopt;
    const std::uint64_t base = entry & address_mask & ~(Stage2::page_size - 1);
    return Found{base + guest % Stage2::page_size, elo::D::get(entry), false};
}

class Stage2Test : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(memory.add(physical.base(), physical.size()).has_value());
        before = memory.counters();
        ASSERT_TRUE(stage2.create(memory).has_value());
    }

    PhysicalMemory physical{0x400000};
    BoardMemory memory;
    BoardMemory::Counters before;
    Stage2 stage2;
};

constexpr std::uint64_t mib = 0x100000;

TEST_F(Stage2Test, HasNothingBeforeItIsMapped) {
    for (const std::uint64_t guest :
         {0ull, 0x90000000ull, 0x7fffffffc000ull, 0x800000000000ull, 0xffffffffc000ull}) {
        EXPECT_FALSE(walk(stage2, guest).has_value());
    }
}

TEST_F(Stage2Test, UsesBlocksWhereAddressesAndSizeAllow) {
    ASSERT_TRUE(stage2.map(memory, 0x90000000, 0x200000000, 512 * mib, Stage2Access::read_write)
                    .has_value());
    const auto found = walk(stage2, 0x90000000 + 511 * mib + 5);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->address, 0x200000000u + 511 * mib + 5);
    EXPECT_TRUE(found->block);
    EXPECT_TRUE(found->writable);
    EXPECT_FALSE(walk(stage2, 0x90000000 - 1).has_value());
    EXPECT_FALSE(walk(stage2, 0xb0000000).has_value());
    EXPECT_FALSE(walk(stage2, 0x800090000000).has_value());
    // Root, the empty table, one directory.
    EXPECT_EQ(memory.counters().pieces, 3u);
}

TEST_F(Stage2Test, FallsBackToPagesAtTheEdges) {
    // 48 MiB from a block boundary: one block and 16 MiB of pages.
    ASSERT_TRUE(
        stage2.map(memory, 0x80000000, 0x40000000, 48 * mib, Stage2Access::read_write).has_value());
    EXPECT_TRUE(walk(stage2, 0x80000000)->block);
    const auto page = walk(stage2, 0x80000000 + 33 * mib);
    ASSERT_TRUE(page.has_value());
    EXPECT_FALSE(page->block);
    EXPECT_EQ(page->address, 0x40000000u + 33 * mib);
    EXPECT_FALSE(walk(stage2, 0x80000000 + 48 * mib).has_value());
}

TEST_F(Stage2Test, UsesPagesWhereTheAddressesDisagree) {
    ASSERT_TRUE(
        stage2.map(memory, 0x80000000, 0x40004000, 32 * mib, Stage2Access::read_only).has_value());
    const auto found = walk(stage2, 0x80000000 + 31 * mib);
    ASSERT_TRUE(found.has_value());
    EXPECT_FALSE(found->block);
    EXPECT_FALSE(found->writable);
    EXPECT_EQ(found->address, 0x40004000u + 31 * mib);
}

TEST_F(Stage2Test, RefusesWhatIsNotWholePages) {
    EXPECT_EQ(stage2.map(memory, 0x1000, 0, 0x4000, Stage2Access::read_write).error().code,
              ErrorCode::misaligned);
    EXPECT_EQ(stage2.map(memory, 0, 0, 0x1000, Stage2Access::read_write).error().code,
              ErrorCode::misaligned);
}

TEST_F(Stage2Test, GivesAllTablesBack) {
    for (int i = 0; i < 100; ++i) {
        ASSERT_TRUE(stage2.map(memory, 0x80000000, 0x40000000, 48 * mib, Stage2Access::read_write)
                        .has_value());
        ASSERT_TRUE(
            stage2.map(memory, 0x1c000000, 0x10000, 0x10000, Stage2Access::read_only).has_value());
        stage2.destroy(memory);
        EXPECT_EQ(memory.counters().free_bytes, before.free_bytes);
        EXPECT_EQ(memory.counters().pieces, 0u);
        ASSERT_TRUE(stage2.create(memory).has_value());
    }
}

TEST_F(Stage2Test, GivesBackWhatItHadWhenMemoryRunsOut) {
    stage2.destroy(memory);
    // Leave room for one table only.
    const std::uint64_t rest = memory.free_bytes() - Stage2::table_bytes;
    const std::uint64_t piece = memory.allocate(rest, Stage2::page_size).value();
    EXPECT_EQ(stage2.create(memory).error().code, ErrorCode::no_space);
    stage2.destroy(memory);
    memory.release(piece, rest);
    EXPECT_EQ(memory.counters().free_bytes, before.free_bytes);
}

}  // namespace
}  // namespace lkvm::hv
