// SPDX-License-Identifier: GPL-2.0-or-later
// The host's clocks.
#pragma once

#include <lkvm/clock.hpp>

namespace lkvm::vmm {

/// CLOCK_MONOTONIC and CLOCK_REALTIME. Stateless; any thread.
class HostClock final : public Clock {
public:
    [[nodiscard]] std::uint64_t monotonic_ns() override;
    [[nodiscard]] std::uint64_t wall_ns() override;
};

}  // namespace lkvm::vmm
