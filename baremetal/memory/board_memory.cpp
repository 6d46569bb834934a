// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/board_memory.hpp"

namespace lkvm::hv {

bool BoardMemory::insert(std::size_t place, Range range) {
    if (count_ == max_ranges) return false;
    for (std::size_t i = count_; i > place; --i) ranges_[i] = ranges_[i - 1];
    ranges_[place] = range;
    ++count_;
    return true;
}

void BoardMemory::remove(std::size_t place) {
    --count_;
    for (std::size_t i = place; i < count_; ++i) ranges_[i] = ranges_[i + 1];
}

/// Adds `range` and merges it with its neighbors.
bool BoardMemory::give(Range range) {
    std::size_t place = 0;
    while (place < count_ && ranges_[place].base < range.base) ++place;
    if (place < count_ && ranges_[place].base == range.end()) {
        ranges_[place].base = range.base;
        ranges_[place].size += range.size;
    } else if (!insert(place, range)) {
        return false;
    }
    if (place > 0 && ranges_[place - 1].end() == ranges_[place].base) {
        ranges_[place - 1].size += ranges_[place].size;
        remove(place);
    }
    return true;
}

/// Takes what of [base, base + size) is free.
bool BoardMemory::take(std::uint64_t base, std::uint64_t size) {
    const std::uint64_t end = base + size;
    for (std::size_t i = 0; i < count_;) {
        const Range range = ranges_[i];
        if (base >= range.end() || range.base >= end) {
            ++i;
            continue;
        }
        remove(i);
        if (end < range.end() && !insert(i, Range{end, range.end() - end})) return false;
        if (range.base < base) {
            if (!insert(i, Range{range.base, base - range.base})) return false;
            ++i;
        }
    }
    return true;
}

Result<> BoardMemory::add(std::uint64_t base, std::uint64_t size) {
    if (size == 0) return {};
    const SpinGuard guard{lock_};
    // Firmware's tables may name a range twice; what is there already is not added again.
    if (!take(base, size) || !give(Range{base, size})) return fail(ErrorCode::too_many);
    total_ = 0;
    for (std::size_t i = 0; i < count_; ++i) total_ += ranges_[i].size;
    return {};
}

bool BoardMemory::is_free(std::uint64_t base, std::uint64_t size) {
    const SpinGuard guard{lock_};
    for (std::size_t i = 0; i < count_; ++i) {
        const Range& range = ranges_[i];
        // Neighbors are merged, so it is one range or none.
        if (base >= range.base && base - range.base <= range.size &&
            size <= range.size - (base - range.base)) {
            return true;
        }
    }
    return false;
}

Result<> BoardMemory::reserve(std::uint64_t base, std::uint64_t size) {
    if (size == 0) return {};
    const SpinGuard guard{lock_};
    if (!take(base, size)) return fail(ErrorCode::too_many);
    total_ = 0;
    for (std::size_t i = 0; i < count_; ++i) total_ += ranges_[i].size;
    return {};
}

Result<std::uint64_t> BoardMemory::allocate(std::uint64_t size, std::uint64_t alignment) {
    const SpinGuard guard{lock_};
    for (std::size_t i = 0; i < count_; ++i) {
        const Range range = ranges_[i];
        const std::uint64_t base = (range.base + (alignment - 1)) & ~(alignment - 1);
        if (base < range.base || base - range.base > range.size) continue;
        if (size > range.size - (base - range.base)) continue;
        // This piece and a range that it splits off must both fit later.
        if (count_ + pieces_ + 2 > max_ranges || !take(base, size)) break;
        ++pieces_;
        return base;
    }
    return fail(ErrorCode::no_space);
}

void BoardMemory::release(std::uint64_t base, std::uint64_t size) {
    if (size == 0) return;
    const SpinGuard guard{lock_};
    // allocate() kept room for the return of every piece.
    LKVM_ASSERT(pieces_ > 0 && give(Range{base, size}));
    --pieces_;
}

BoardMemory::Counters BoardMemory::counters() {
    const SpinGuard guard{lock_};
    Counters counters{total_, 0, count_, pieces_};
    for (std::size_t i = 0; i < count_; ++i) counters.free_bytes += ranges_[i].size;
    return counters;
}

}  // namespace lkvm::hv
