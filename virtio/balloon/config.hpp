// SPDX-License-Identifier: GPL-2.0-or-later
// Features, configuration space and statistics of the memory balloon. VIRTIO 1.2 §5.5.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lkvm/endian.hpp>

#include "virtio/features.hpp"

namespace lkvm::virtio::balloon {

inline constexpr std::uint64_t F_STATS_VQ = feature(1);
inline constexpr std::uint64_t F_DEFLATE_ON_OOM = feature(2);
inline constexpr std::uint64_t F_PAGE_POISON = feature(4);
inline constexpr std::uint64_t F_REPORTING = feature(5);

/// What a page number counts, whatever the guest's pages are. VIRTIO 1.2 §5.5.6.
inline constexpr std::uint64_t page_size = 4096;

struct Config {
    Le32 num_pages;  // the target
    Le32 actual;     // what the driver reached
    Le32 free_page_hint_cmd_id;
    Le32 poison_val;
};
static_assert(sizeof(Config) == 16);

/// Tags of statistics. VIRTIO 1.2 §5.5.6.4 up to hugetlb_failures, the rest as in Linux.
enum class Statistic : std::uint16_t {
    swap_in = 0,
    swap_out = 1,
    major_faults = 2,
    minor_faults = 3,
    free = 4,
    total = 5,
    available = 6,
    disk_caches = 7,
    hugetlb_allocations = 8,
    hugetlb_failures = 9,
    oom_kills = 10,
    allocation_stalls = 11,
    async_scans = 12,
    direct_scans = 13,
    async_reclaims = 14,
    direct_reclaims = 15,
};
inline constexpr std::size_t statistic_count = 16;

/// tag[2] value[8], without padding.
inline constexpr std::size_t statistic_size = 10;

}  // namespace lkvm::virtio::balloon
