// SPDX-License-Identifier: GPL-2.0-or-later
// Time as the core sees it.
#pragma once

#include <cstdint>

namespace lkvm {

/// Source of time; any thread.
class Clock {
public:
    /// Nanoseconds since an arbitrary start; never goes backwards.
    [[nodiscard]] virtual std::uint64_t monotonic_ns() = 0;
    /// Nanoseconds since 1970-01-01 00:00:00 UTC.
    [[nodiscard]] virtual std::uint64_t wall_ns() = 0;

protected:
    ~Clock() = default;  // never deleted through the interface, so no operator delete in the core
};

}  // namespace lkvm
