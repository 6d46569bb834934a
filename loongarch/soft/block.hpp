// SPDX-License-Identifier: GPL-2.0-or-later
// Pre-decoded basic blocks and the caches that find them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "loongarch/soft/op.hpp"

namespace lkvm::la {

/// What decoding depends on besides the instruction words.
struct BlockMode {
    std::uint8_t bits = 0;

    static constexpr std::uint8_t privileged = 1;  ///< PLV 0
    static constexpr std::uint8_t fp = 2;
    static constexpr std::uint8_t lsx = 4;
    static constexpr std::uint8_t lasx = 8;
    static constexpr std::uint8_t guest = 16;
    static constexpr std::uint8_t single_step = 32;
    [[nodiscard]] bool has(std::uint8_t bit) const { return (bits & bit) != 0; }
    friend bool operator==(BlockMode, BlockMode) = default;
};

/// A run of instructions of one 4 KiB page, ended by a branch, an instruction that may change the
/// mode, or the page. Its operations follow it in memory, then its links.
struct alignas(16) Block {
    std::uint64_t address = 0;        ///< physical
    const std::byte* code = nullptr;  ///< where the words were read
    Block* next_in_bucket = nullptr;
    Block* next_in_page = nullptr;
    std::uint16_t count = 0;  ///< instructions
    BlockMode mode;
    bool discarded = false;
    /// Added to an operation's address / 4 to give its offset in the page.
    std::uint64_t bias = 0;

    [[nodiscard]] Op* ops() { return reinterpret_cast<Op*>(this + 1); }
    [[nodiscard]] const Op* ops() const { return reinterpret_cast<const Op*>(this + 1); }
};
static_assert(sizeof(Block) % 16 == 0);

/// Successors of a block in the same page, filled when first taken. Lies behind the last Op.
struct BlockLinks {
    Block* taken = nullptr;
    Block* fall_through = nullptr;
};
static_assert(sizeof(BlockLinks) == sizeof(Op));

/// All blocks of one vCPU. Owned and used by the vCPU's thread; discard_page() also by another
/// thread while the vCPU is parked. They lie in memory that is handed in: flush() when full() says
/// so.
class BlockCache {
public:
    static constexpr unsigned max_ops = 128;
    /// The largest block: a mark of its end may follow the instructions.
    static constexpr std::size_t max_block_bytes =
        sizeof(Block) + (max_ops + 1) * sizeof(Op) + sizeof(BlockLinks);

    /// Most blocks of one bucket; a few are usual.
    static constexpr unsigned max_chain = 64;

    /// `memory` outlives this, is aligned for a Block, and has room for at least one.
    explicit BlockCache(std::span<std::byte> memory);

    [[nodiscard]] Block* find(std::uint64_t address, BlockMode mode) const {
        for (Block* block = buckets_[bucket(address)]; block != nullptr;
             block = block->next_in_bucket) {
            if (block->address == address && block->mode == mode) return block;
        }
        return nullptr;
    }
    /// Copies `ops` (the last one ends the block) into a new block and enters it. Not when full().
    Block* add(std::uint64_t address, BlockMode mode, const std::byte* code, const Op* ops,
               unsigned op_count, unsigned instructions);

    /// Also when a chain of one bucket got too long: code can be placed so that all of its blocks
    /// fall into one, and finding and discarding would take for ever.
    [[nodiscard]] bool full() const { return crowded_ || memory_.size() - used_ < max_block_bytes; }
    [[nodiscard]] std::size_t used_bytes() const { return used_; }
    /// Frees everything. No block may be running.
    void flush();
    /// Takes the blocks of the 4 KiB page at physical address `page` out of use; their memory stays
    /// until flush(), so that a running block may finish. Returns whether there were any.
    bool discard_page(std::uint64_t page);

private:
    /// Memory for which there is one bucket: that of two to three blocks.
    static constexpr std::size_t bucket_share = 512;

    [[nodiscard]] std::size_t bucket(std::uint64_t address) const {
        return ((address >> 2) ^ (address >> 16)) & (buckets_.size() - 1);
    }

    std::vector<Block*> buckets_;  ///< a power of two
    std::unordered_map<std::uint64_t, Block*> pages_;
    std::span<std::byte> memory_;
    std::size_t used_ = 0;
    bool crowded_ = false;
};

/// Where a virtual pc's block is, for the current translation context.
struct JumpCacheEntry {
    std::uint64_t pc = UINT64_MAX;
    std::uint64_t context = 0;
    Block* block = nullptr;
    std::uint64_t unused = 0;
};

class JumpCache {
public:
    static constexpr std::size_t size = 16384;

    [[nodiscard]] JumpCacheEntry& at(std::uint64_t pc) {
        return entries_[((pc >> 2) ^ (pc >> 14)) % size];
    }
    void clear() { entries_.fill(JumpCacheEntry{}); }

private:
    std::array<JumpCacheEntry, size> entries_{};
};

}  // namespace lkvm::la
