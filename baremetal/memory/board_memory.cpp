// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/board_memory.hpp"

namespace lkvm::hv {

Result<> BoardMemory::add(std::uint64_t base, std::uint64_t size) {
    if (size == 0) return {};
    if (count_ == max_ranges) return fail(ErrorCode::too_many);
    ranges_[count_++] = Range{base, size};
    return {};
}

Result<> BoardMemory::reserve(std::uint64_t base, std::uint64_t size) {
    const std::uint64_t end = base + size;
    const std::size_t before = count_;
    for (std::size_t i = 0; i < before; ++i) {
        const Range range = ranges_[i];
        const std::uint64_t range_end = range.base + range.size;
        if (base >= range_end || range.base >= end) continue;
        ranges_[i].size = base > range.base ? base - range.base : 0;
        if (end < range_end) LKVM_TRY(add(end, range_end - end));
    }
    return {};
}

Result<std::uint64_t> BoardMemory::allocate(std::uint64_t size, std::uint64_t alignment) {
    for (std::size_t i = 0; i < count_; ++i) {
        const Range range = ranges_[i];
        const std::uint64_t base = (range.base + (alignment - 1)) & ~(alignment - 1);
        if (base < range.base || base - range.base > range.size) continue;
        if (size > range.size - (base - range.base)) continue;
        LKVM_TRY(reserve(base, size));
        return base;
    }
    return fail(ErrorCode::no_space);
}

std::uint64_t BoardMemory::free_bytes() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < count_; ++i) sum += ranges_[i].size;
    return sum;
}

}  // namespace lkvm::hv
