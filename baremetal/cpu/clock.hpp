// SPDX-License-Identifier: GPL-2.0-or-later
// Time from the stable counter and the board's real-time clock.
#pragma once

#include <cstdint>

#include <lkvm/clock.hpp>

namespace lkvm::hv {

class BoardClock final : public Clock {
public:
    /// Reads the counter's frequency from CPUCFG and the time of day from the board. Boot CPU.
    void start();

    [[nodiscard]] std::uint64_t monotonic_ns() override;
    [[nodiscard]] std::uint64_t wall_ns() override { return wall_base_ + monotonic_ns(); }

    /// Counter ticks per second.
    [[nodiscard]] std::uint64_t frequency() const { return frequency_; }

private:
    std::uint64_t frequency_ = 100'000'000;
    std::uint64_t wall_base_ = 0;
};

}  // namespace lkvm::hv
