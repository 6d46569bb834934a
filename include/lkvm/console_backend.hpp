// SPDX-License-Identifier: GPL-2.0-or-later
// What one port of a virtio console talks to.
#pragma once

#include <cstddef>
#include <span>

namespace lkvm {

/// The host's end of a port. Everything on the device's owner thread; must not wait.
class ConsoleBackend {
public:
    /// Takes bytes of the guest, from the front; returns how many. Fewer than all: the device
    /// keeps the rest until it is told that there is room (ConsoleDevice::output_ready()).
    [[nodiscard]] virtual std::size_t write(std::span<const std::byte> bytes) = 0;
    /// Fills the front of `to` for the guest; returns how many bytes. Fewer than there is room
    /// for: that was all, and the device is told when there is more
    /// (ConsoleDevice::input_ready()).
    [[nodiscard]] virtual std::size_t read(std::span<std::byte> to) = 0;
    /// A program in the guest opened or closed the port; a console port opens when its driver is
    /// ready. Only an open port is read from.
    virtual void guest_opened(bool open) { static_cast<void>(open); }

protected:
    ~ConsoleBackend() = default;  // never deleted through the interface
};

}  // namespace lkvm
