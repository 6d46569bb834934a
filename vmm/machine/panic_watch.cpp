// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/panic_watch.hpp"

namespace lkvm::vmm {

void PanicWatch::feed(std::span<const std::byte> output) {
    // 'K' occurs in the message only at its start: after a mismatch the match starts anew with
    // this character or not at all.
    static_assert(message.find('K', 1) == std::string_view::npos);
    for (const std::byte byte : output) {
        if (seen_) return;
        const char letter = std::to_integer<char>(byte);
        if (letter != message[matched_]) matched_ = 0;
        if (letter == message[matched_]) ++matched_;
        seen_ = matched_ == message.size();
    }
}

}  // namespace lkvm::vmm
