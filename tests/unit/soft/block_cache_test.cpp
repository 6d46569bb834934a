// SPDX-License-Identifier: GPL-2.0-or-later
// The memory of decoded blocks is a bound.
#include "loongarch/soft/block.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using la::Block;
using la::BlockCache;
using la::BlockMode;
using la::Op;

constexpr std::size_t size = 64 << 10;

class BlockCacheTest : public testing::Test {
protected:
    bool inside(const Block* block) const {
        const auto* const first = reinterpret_cast<const std::byte*>(block);
        const std::size_t count = block->count;
        const auto* const end =
            reinterpret_cast<const std::byte*>(block->ops() + count) + sizeof(la::BlockLinks);
        return first >= memory.get() && end <= memory.get() + size;
    }
    Block* add(std::uint64_t address, unsigned instructions) {
        return cache.add(address, BlockMode{}, nullptr, ops.data(), instructions, instructions);
    }

    std::unique_ptr<std::byte[]> memory = std::make_unique<std::byte[]>(size);
    BlockCache cache{std::span{memory.get(), size}};
    std::array<Op, BlockCache::max_ops + 1> ops{};
};

TEST_F(BlockCacheTest, StaysInItsMemoryAndSaysWhenItIsFull) {
    std::uint64_t address = 0x90000000;
    std::size_t bytes = 0;
    for (unsigned i = 0; !cache.full(); ++i) {
        const unsigned instructions = i % BlockCache::max_ops + 1;
        Block* const block = add(address, instructions);
        ASSERT_TRUE(inside(block)) << "block " << i;
        address += 0x1000;
        bytes += sizeof(Block) + sizeof(la::BlockLinks) + instructions * sizeof(Op);
        ASSERT_EQ(cache.used_bytes(), bytes);
    }
    EXPECT_LE(bytes, size);
    EXPECT_GT(bytes, size - 2 * BlockCache::max_block_bytes) << "full too early";
}

TEST_F(BlockCacheTest, IsNotFullWhileTheLargestBlockFits) {
    while (!cache.full()) {
        ASSERT_TRUE(inside(cache.add(0x90000000, BlockMode{}, nullptr, ops.data(),
                                     BlockCache::max_ops + 1, BlockCache::max_ops)));
    }
    EXPECT_LT(size - cache.used_bytes(), BlockCache::max_block_bytes);
}

TEST_F(BlockCacheTest, StartsAnewAfterAFlush) {
    Block* const first = add(0x90000000, 5);
    EXPECT_EQ(cache.find(0x90000000, BlockMode{}), first);
    cache.flush();
    EXPECT_EQ(cache.used_bytes(), 0u);
    EXPECT_EQ(cache.find(0x90000000, BlockMode{}), nullptr);
    EXPECT_FALSE(cache.discard_page(0x90000000));
    EXPECT_EQ(add(0x90001000, 5), first) << "the memory is used again";
}

TEST_F(BlockCacheTest, IsFullWhenAGuestPutsAllItsBlocksIntoOneBucket) {
    // 2^24 apart: the hash takes other bits.
    std::uint64_t address = 0x90000000;
    unsigned count = 0;
    for (; !cache.full(); ++count, address += std::uint64_t{1} << 24) add(address, 1);
    EXPECT_EQ(count, BlockCache::max_chain);
    EXPECT_LT(cache.used_bytes(), size / 2) << "the chain does not fill the memory";
    cache.flush();
    EXPECT_FALSE(cache.full());
}

TEST_F(BlockCacheTest, KeepsTheMemoryOfDiscardedBlocksUntilAFlush) {
    Block* const block = add(0x90000000, 5);
    const std::size_t used = cache.used_bytes();
    EXPECT_TRUE(cache.discard_page(0x90000000));
    EXPECT_TRUE(block->discarded);
    EXPECT_EQ(cache.find(0x90000000, BlockMode{}), nullptr);
    EXPECT_EQ(cache.used_bytes(), used);
}

}  // namespace
}  // namespace lkvm::test
