// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/shared_regions.hpp"

#include <cstring>

#include <lkvm/bundle.hpp>

namespace lkvm::hv {

Result<SharedRegion*> SharedRegions::find(std::string_view name, std::uint64_t size, Arena& arena) {
    for (std::size_t i = 0; i < count_; ++i) {
        if (regions_[i].name == name) return &regions_[i];
    }
    if (count_ == regions_.size()) return fail(ErrorCode::too_many);
    const std::span<std::byte> bytes = LKVM_TRY(arena.bytes(size, bundle::page_size));
    std::memset(bytes.data(), 0, bytes.size());
    SharedRegion& region = regions_[count_++];
    region.name = name;
    region.physical = bus_(bytes.data());
    region.size = size;
    return &region;
}

}  // namespace lkvm::hv
