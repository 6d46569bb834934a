// SPDX-License-Identifier: GPL-2.0-or-later
// ctrl-a sequences in what the user types.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace lkvm::vmm {

/// What ctrl-a and the key after it ask for.
enum class KeyCommand : unsigned char { none, quit, help, send_break };

/// Splits typed bytes into those for the guest and commands. Main thread.
class EscapeKeys {
public:
    static constexpr std::byte prefix{0x01};  // ctrl-a

    /// Takes bytes up to the end or the first command, which it returns; `bytes` is left with the
    /// rest. Bytes for the guest are appended to `guest`.
    [[nodiscard]] KeyCommand take(std::span<const std::byte>& bytes, std::vector<std::byte>& guest);

private:
    bool after_prefix_ = false;
};

}  // namespace lkvm::vmm
