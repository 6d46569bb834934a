// SPDX-License-Identifier: GPL-2.0-or-later
// A guest whose exception handler raises an exception spins without ever leaving. The only traces
// are its own registers.
#pragma once

#include <cstdint>

namespace lkvm::hv {

/// A look at a guest that was interrupted.
struct GuestSample {
    std::uint64_t pc = 0;
    std::uint64_t crmd = 0;
    std::uint64_t era = 0;
    std::uint64_t eentry = 0;
    std::uint64_t estat = 0;
    std::uint64_t ecfg = 0;
};

/// Whether the last exception came from the first instructions of an exception handler, which then
/// began anew. Must be so at several looks in a row to mean anything.
[[nodiscard]] bool seems_to_loop_in_exceptions(const GuestSample& sample);

}  // namespace lkvm::hv
