// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/escape_keys.hpp"

#include <utility>

namespace lkvm::vmm {

KeyCommand EscapeKeys::take(std::span<const std::byte>& bytes, std::vector<std::byte>& guest) {
    while (!bytes.empty()) {
        const std::byte byte = bytes.front();
        bytes = bytes.subspan(1);
        if (!std::exchange(after_prefix_, false)) {
            if (byte == prefix) {
                after_prefix_ = true;
            } else {
                guest.push_back(byte);
            }
            continue;
        }
        switch (std::to_integer<char>(byte)) {
            case 'x':
            case 'X':
                return KeyCommand::quit;
            case 'h':
            case 'H':
            case '?':
                return KeyCommand::help;
            case 'b':
            case 'B':
                return KeyCommand::send_break;
            case std::to_integer<char>(prefix):
                guest.push_back(prefix);
                break;
            default:
                break;  // not a command: both keys are dropped
        }
    }
    return KeyCommand::none;
}

}  // namespace lkvm::vmm
