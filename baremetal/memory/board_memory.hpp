// SPDX-License-Identifier: GPL-2.0-or-later
// The board's RAM and who got which part of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lkvm/result.hpp>

namespace lkvm::hv {

/// Free ranges of physical memory. Used by the boot CPU before zones start.
class BoardMemory {
public:
    static constexpr std::size_t max_ranges = 32;

    /// Errors: `too_many`.
    [[nodiscard]] Result<> add(std::uint64_t base, std::uint64_t size);
    /// Takes [base, base + size) out, as far as it is there. Errors: `too_many`.
    [[nodiscard]] Result<> reserve(std::uint64_t base, std::uint64_t size);
    /// A piece of `size` bytes at a multiple of `alignment` (a power of two). Errors: `no_space`.
    [[nodiscard]] Result<std::uint64_t> allocate(std::uint64_t size, std::uint64_t alignment);
    [[nodiscard]] std::uint64_t free_bytes() const;

private:
    struct Range {
        std::uint64_t base = 0;
        std::uint64_t size = 0;
    };
    std::array<Range, max_ranges> ranges_{};
    std::size_t count_ = 0;
};

}  // namespace lkvm::hv
