// SPDX-License-Identifier: GPL-2.0-or-later
// Notices a kernel panic in what the guest prints.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lkvm::vmm {

/// Looks for Linux's panic message in console output, however it is cut into pieces. The machine
/// has no other sign of a panic: with panic=N the kernel resets it like any reboot does. The
/// caller locks.
class PanicWatch {
public:
    static constexpr std::string_view message = "Kernel panic - not syncing";

    void feed(std::span<const std::byte> output);
    [[nodiscard]] bool seen() const { return seen_; }
    void reset() { *this = PanicWatch(); }

private:
    std::size_t matched_ = 0;  // characters of `message` at the end of the output so far
    bool seen_ = false;
};

}  // namespace lkvm::vmm
