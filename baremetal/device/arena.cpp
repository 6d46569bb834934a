// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/arena.hpp"

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

/// Chunks are multiples of this.
constexpr std::size_t chunk_unit = 0x10000;

}  // namespace

Result<std::span<std::byte>> Arena::bytes(std::size_t size, std::size_t alignment) {
    LKVM_ASSERT(alignment != 0 && (alignment & (alignment - 1)) == 0 && alignment <= chunk_unit);
    const std::size_t before =
        (0 - reinterpret_cast<std::uintptr_t>(rest_.data())) & (alignment - 1);
    if (before <= rest_.size() && size <= rest_.size() - before) {
        const std::span<std::byte> place = rest_.subspan(before, size);
        rest_ = rest_.subspan(before + size);
        return place;
    }
    if (size > SIZE_MAX - chunk_unit) return fail(ErrorCode::no_space);
    const std::size_t rounded = (size + (chunk_unit - 1)) & ~(chunk_unit - 1);
    const std::span<std::byte> chunk = LKVM_TRY(source_.chunk(rounded));
    taken_ += rounded;
    // The larger rest is the more useful one.
    if (rounded - size > rest_.size()) rest_ = chunk.subspan(size);
    return chunk.first(size);
}

}  // namespace lkvm::hv
