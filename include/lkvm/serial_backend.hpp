// SPDX-License-Identifier: GPL-2.0-or-later
// What a serial port talks to on the host side.
#pragma once

#include <cstddef>
#include <span>

namespace lkvm {

/// The host's end of a serial line. Called without any device lock, on the thread of the vCPU that
/// touched the port; several vCPUs may call at once, so implementations lock for themselves.
class SerialBackend {
public:
    /// Takes every byte, in order; may block the vCPU for a while but must not lose any.
    virtual void transmit(std::span<const std::byte> bytes) = 0;
    /// The port has room again after it took fewer bytes than offered (or none). Offer more from
    /// here or, better, wake the thread that reads the host's input.
    virtual void receive_ready() = 0;

protected:
    ~SerialBackend() = default;  // never deleted through the interface
};

}  // namespace lkvm
