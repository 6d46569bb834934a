// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/block.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include <lkvm/assert.hpp>

#include "loongarch/soft/soft_tlb.hpp"

namespace lkvm::la {

BlockCache::BlockCache(std::span<std::byte> memory)
    : buckets_(std::bit_ceil(memory.size() / bucket_share), nullptr)
    , memory_(memory) {
    LKVM_ASSERT(memory.size() >= max_block_bytes);
}

Block* BlockCache::add(std::uint64_t address, BlockMode mode, const std::byte* code, const Op* ops,
                       unsigned op_count, unsigned instructions) {
    const std::size_t bytes = sizeof(Block) + op_count * sizeof(Op) + sizeof(BlockLinks);
    LKVM_ASSERT(bytes <= memory_.size() - used_);
    std::byte* const place = memory_.data() + used_;
    used_ += bytes;

    auto* block = new (place) Block;
    block->address = address;
    block->code = code;
    block->count = static_cast<std::uint16_t>(instructions);
    block->mode = mode;
    block->bias =
        (address & ~host_page_mask) - (reinterpret_cast<std::uint64_t>(block->ops()) >> 2);
    std::byte* const op_place = place + sizeof(Block);
    std::uninitialized_copy_n(ops, op_count, reinterpret_cast<Op*>(op_place));
    new (op_place + op_count * sizeof(Op)) BlockLinks;

    Block*& head = buckets_[bucket(address)];
    unsigned length = 1;
    for (const Block* other = head; other != nullptr; other = other->next_in_bucket) ++length;
    crowded_ = crowded_ || length >= max_chain;
    block->next_in_bucket = head;
    head = block;
    Block*& page = pages_[address & host_page_mask];
    block->next_in_page = page;
    page = block;
    return block;
}

void BlockCache::flush() {
    std::fill(buckets_.begin(), buckets_.end(), nullptr);
    pages_.clear();
    used_ = 0;
    crowded_ = false;
}

bool BlockCache::discard_page(std::uint64_t page) {
    const auto found = pages_.find(page);
    if (found == pages_.end()) return false;
    for (Block* block = found->second; block != nullptr; block = block->next_in_page) {
        Block** link = &buckets_[bucket(block->address)];
        while (*link != block) link = &(*link)->next_in_bucket;
        *link = block->next_in_bucket;
        block->discarded = true;
    }
    pages_.erase(found);
    return true;
}

}  // namespace lkvm::la
