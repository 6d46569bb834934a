// SPDX-License-Identifier: GPL-2.0-or-later
// The board's RAM and who got which part of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lkvm/result.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// Free ranges of physical memory, sorted and merged. Any CPU.
class BoardMemory {
public:
    /// Free ranges and pieces given out together, so that every piece finds a place on its return.
    static constexpr std::size_t max_ranges = 512;

    struct Counters {
        std::uint64_t total_bytes = 0;  ///< that zones may get
        std::uint64_t free_bytes = 0;
        std::uint64_t free_ranges = 0;
        std::uint64_t pieces = 0;  ///< given out
    };

    /// Memory that the board has. Errors: `too_many`.
    [[nodiscard]] Result<> add(std::uint64_t base, std::uint64_t size);
    /// Whether all of [base, base + size) is free.
    [[nodiscard]] bool is_free(std::uint64_t base, std::uint64_t size);
    /// Takes [base, base + size) out for ever, as far as it is there. Errors: `too_many`.
    [[nodiscard]] Result<> reserve(std::uint64_t base, std::uint64_t size);
    /// A piece of `size` bytes at a multiple of `alignment` (a power of two). Errors: `no_space`.
    [[nodiscard]] Result<std::uint64_t> allocate(std::uint64_t size, std::uint64_t alignment);
    /// Gives back what allocate() returned.
    void release(std::uint64_t base, std::uint64_t size);

    [[nodiscard]] Counters counters();
    [[nodiscard]] std::uint64_t free_bytes() { return counters().free_bytes; }

private:
    struct Range {
        std::uint64_t base = 0;
        std::uint64_t size = 0;

        [[nodiscard]] std::uint64_t end() const { return base + size; }
    };
    [[nodiscard]] bool insert(std::size_t place, Range range);
    void remove(std::size_t place);
    [[nodiscard]] bool give(Range range);
    [[nodiscard]] bool take(std::uint64_t base, std::uint64_t size);

    SpinLock lock_;
    std::array<Range, max_ranges> ranges_{};
    std::size_t count_ = 0;
    std::size_t pieces_ = 0;
    std::uint64_t total_ = 0;
};

}  // namespace lkvm::hv
