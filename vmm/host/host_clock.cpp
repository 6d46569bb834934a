// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/host_clock.hpp"

#include <ctime>

namespace lkvm::vmm {

namespace {

std::uint64_t read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
           static_cast<std::uint64_t>(now.tv_nsec);
}

}  // namespace

std::uint64_t HostClock::monotonic_ns() {
    return read_clock(CLOCK_MONOTONIC);
}

std::uint64_t HostClock::wall_ns() {
    return read_clock(CLOCK_REALTIME);
}

}  // namespace lkvm::vmm
