// SPDX-License-Identifier: GPL-2.0-or-later
// LZ4 as kernels use it: the legacy frame. lz4 doc/lz4_Frame_format.md, "Legacy frame".
#pragma once

#include <cstddef>
#include <span>

#include "vmm/boot/decompress.hpp"

namespace lkvm::vmm {

/// See decompress().
[[nodiscard]] Result<Bytes> decompress_lz4(std::span<const std::byte> packed, std::size_t limit);

}  // namespace lkvm::vmm
