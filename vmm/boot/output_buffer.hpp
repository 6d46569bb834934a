// SPDX-License-Identifier: GPL-2.0-or-later
// Growing output of a decompressor.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

namespace lkvm::vmm {

/// Doubles its room up to `limit` and one byte more, so that a stream that is too long shows.
class OutputBuffer {
public:
    explicit OutputBuffer(std::size_t limit)
        : limit_(limit) {}

    /// Free space after what was written; at least one byte unless overflown().
    [[nodiscard]] std::span<std::byte> room() {
        if (used_ == bytes_.size()) {
            bytes_.resize(std::min(std::max(2 * bytes_.size(), first_size), limit_ + 1));
        }
        return std::span{bytes_}.subspan(used_);
    }

    void written(std::size_t count) { used_ += count; }
    [[nodiscard]] bool overflown() const { return used_ > limit_; }
    [[nodiscard]] std::size_t used() const { return used_; }

    [[nodiscard]] std::vector<std::byte> take() {
        bytes_.resize(used_);
        return std::move(bytes_);
    }

private:
    static constexpr std::size_t first_size = std::size_t{1} << 20;

    std::size_t limit_;
    std::size_t used_ = 0;
    std::vector<std::byte> bytes_;
};

}  // namespace lkvm::vmm
