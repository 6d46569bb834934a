// SPDX-License-Identifier: GPL-2.0-or-later
// The shared memory that the bundle names.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <lkvm/result.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/device/shared_region.hpp"
#include "baremetal/driver/registers.hpp"

namespace lkvm::hv {

/// A region for each name, zeroed, made when it is first asked for. Boot CPU.
class SharedRegions {
public:
    static constexpr std::size_t max_regions = 16;

    explicit constexpr SharedRegions(BusAddress bus)
        : bus_(bus) {}

    /// `name` outlives this; the bundle's reader saw that all zones give it one size. Errors: those
    /// of Arena; `too_many` regions.
    [[nodiscard]] Result<SharedRegion*> find(std::string_view name, std::uint64_t size,
                                             Arena& arena);

private:
    BusAddress bus_;
    std::array<SharedRegion, max_regions> regions_{};
    std::size_t count_ = 0;
};

}  // namespace lkvm::hv
