// SPDX-License-Identifier: GPL-2.0-or-later
// Features and configuration space of the block device. VIRTIO 1.2 §5.2.3, §5.2.4.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lkvm/endian.hpp>

#include "virtio/features.hpp"

namespace lkvm::virtio::blk {

inline constexpr std::uint64_t F_SEG_MAX = feature(2);
inline constexpr std::uint64_t F_RO = feature(5);
inline constexpr std::uint64_t F_BLK_SIZE = feature(6);
inline constexpr std::uint64_t F_FLUSH = feature(9);
inline constexpr std::uint64_t F_TOPOLOGY = feature(10);
inline constexpr std::uint64_t F_CONFIG_WCE = feature(11);
inline constexpr std::uint64_t F_MQ = feature(12);
inline constexpr std::uint64_t F_DISCARD = feature(13);
inline constexpr std::uint64_t F_WRITE_ZEROES = feature(14);

struct Config {
    Le64 capacity;  // sectors of 512 bytes
    Le32 size_max;
    Le32 seg_max;
    Le16 cylinders;
    std::uint8_t heads = 0;
    std::uint8_t sectors = 0;
    Le32 blk_size;
    std::uint8_t physical_block_exp = 0;
    std::uint8_t alignment_offset = 0;
    Le16 min_io_size;
    Le32 opt_io_size;
    std::uint8_t writeback = 0;
    std::uint8_t unused0 = 0;
    Le16 num_queues;
    Le32 max_discard_sectors;
    Le32 max_discard_seg;
    Le32 discard_sector_alignment;
    Le32 max_write_zeroes_sectors;
    Le32 max_write_zeroes_seg;
    std::uint8_t write_zeroes_may_unmap = 0;
    std::uint8_t unused1[3] = {};
};
static_assert(sizeof(Config) == 64);  // 60 and padding
static_assert(offsetof(Config, writeback) == 32);
static_assert(offsetof(Config, write_zeroes_may_unmap) == 56);

}  // namespace lkvm::virtio::blk
