// SPDX-License-Identifier: GPL-2.0-or-later
// One-shot decompression with a bound on the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <lkvm/result.hpp>

namespace lkvm::vmm {

enum class Compression : unsigned char { gzip, zstd, lz4, xz, lzma };

using Bytes = std::vector<std::byte>;

/// No kernel is larger than this when unpacked; what pretends to be is refused.
inline constexpr std::size_t max_unpacked_size = std::size_t{512} << 20;

/// Unpacks the stream at the start of `packed`. What follows the stream is ignored. Errors:
/// `truncated` (the stream does not end), `bad_format`, `no_space` (more than `limit` bytes).
[[nodiscard]] Result<Bytes> decompress(Compression method, std::span<const std::byte> packed,
                                       std::size_t limit = max_unpacked_size);

}  // namespace lkvm::vmm
