// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/terminal_port.hpp"

#include <algorithm>
#include <cstring>

namespace lkvm::vmm {

TerminalPort::TerminalPort(TerminalSide& terminal, EventLoop& loop, const Wake& wake)
    : terminal_(terminal)
    , loop_(loop)
    , input_trigger_(loop.add_trigger(wake.input_ready))
    , output_trigger_(loop.add_trigger(wake.output_ready)) {
    terminal_.set_room_handler([this] { loop_.trigger(output_trigger_); });
}

TerminalPort::~TerminalPort() {
    terminal_.set_room_handler(nullptr);
}

std::size_t TerminalPort::type(std::span<const std::byte> bytes) {
    std::size_t count = 0;
    {
        const std::lock_guard lock(mutex_);
        count = std::min(bytes.size(), most_typed - typed_.size());
        typed_.insert(typed_.end(), bytes.begin(),
                      bytes.begin() + static_cast<std::ptrdiff_t>(count));
    }
    if (count != 0) loop_.trigger(input_trigger_);
    return count;
}

std::size_t TerminalPort::write(std::span<const std::byte> bytes) {
    return terminal_.output(bytes);
}

std::size_t TerminalPort::read(std::span<std::byte> to) {
    std::size_t count = 0;
    {
        const std::lock_guard lock(mutex_);
        count = std::min(to.size(), typed_.size());
        if (count == 0) return 0;
        std::memcpy(to.data(), typed_.data(), count);
        typed_.erase(typed_.begin(), typed_.begin() + static_cast<std::ptrdiff_t>(count));
    }
    terminal_.input_wanted();
    return count;
}

void TerminalPort::guest_opened(bool open) {
    if (!open) {
        const std::lock_guard lock(mutex_);
        typed_.clear();
    }
    // Release pairs with the acquire in is_open().
    open_.store(open, std::memory_order_release);
    terminal_.input_wanted();
}

}  // namespace lkvm::vmm
