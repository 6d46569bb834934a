// SPDX-License-Identifier: GPL-2.0-or-later
// The user's terminal as a console port of the guest sees it.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace lkvm::vmm {

class TerminalSide {
public:
    /// Any thread. Takes guest output from the front; returns how many bytes. If not all, the room
    /// handler is called later.
    [[nodiscard]] virtual std::size_t output(std::span<const std::byte> bytes) = 0;
    /// Null: nobody wants to know. The handler is called on some thread and must not wait.
    virtual void set_room_handler(std::function<void()> handler) = 0;
    /// Any thread. The port opened or closed or can take typed bytes again: offer some.
    virtual void input_wanted() = 0;

protected:
    ~TerminalSide() = default;  // never deleted through the interface
};

}  // namespace lkvm::vmm
