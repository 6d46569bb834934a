// SPDX-License-Identifier: GPL-2.0-or-later
// Where random numbers for guests come from.
#pragma once

#include <cstddef>
#include <span>

namespace lkvm {

class EntropySource {
public:
    /// Fills the front of `to` with random bytes fit for keys; returns how many. 0: none to be had.
    /// Owner thread of the device that asks; must not wait for long.
    [[nodiscard]] virtual std::size_t fill(std::span<std::byte> to) = 0;

protected:
    ~EntropySource() = default;  // never deleted through the interface
};

}  // namespace lkvm
