// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/terminal.hpp"

#include <cstring>

namespace lkvm::hv {

std::size_t Terminal::type(std::span<const std::byte> bytes) {
    std::size_t count = 0;
    {
        const SpinGuard guard{lock_};
        const std::size_t room = typed_.size() - typed_size_;
        count = bytes.size() < room ? bytes.size() : room;
        if (count != 0) std::memcpy(typed_.data() + typed_size_, bytes.data(), count);
        typed_size_ += count;
    }
    if (count != 0) runner_->raise(event_input);
    return count;
}

std::size_t Terminal::write(std::span<const std::byte> bytes) {
    if (bytes.size() > most_output) {
        bytes = bytes.first(most_output);
        runner_->raise(event_room);
    }
    output_->transmit(bytes);
    return bytes.size();
}

std::size_t Terminal::read(std::span<std::byte> to) {
    const SpinGuard guard{lock_};
    const std::size_t count = typed_size_ < to.size() ? typed_size_ : to.size();
    if (count == 0) return 0;
    std::memcpy(to.data(), typed_.data(), count);
    typed_size_ -= count;
    std::memmove(typed_.data(), typed_.data() + count, typed_size_);
    return count;
}

void Terminal::guest_opened(bool open) {
    if (!open) {
        const SpinGuard guard{lock_};
        typed_size_ = 0;
    }
    // Release pairs with the acquire in is_open().
    open_.store(open, std::memory_order_release);
}

}  // namespace lkvm::hv
