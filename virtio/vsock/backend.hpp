// SPDX-License-Identifier: GPL-2.0-or-later
// Where the packets of a guest's sockets go and come from.
#pragma once

#include <cstdint>
#include <span>

#include <lkvm/host_buffer.hpp>

#include "virtio/vsock/packet.hpp"

namespace lkvm::virtio::vsock {

/// The host's end of all connections. All calls on the owner thread of the device's queues.
class Backend {
public:
    /// A packet that the guest sent; its source is the guest. `payload` has packet.length bytes in
    /// guest memory and is gone afterwards.
    virtual void receive(const Packet& packet, std::span<const HostBuffer> payload) = 0;
    /// False while it takes no packets, for want of room for answers. Becomes true through next().
    [[nodiscard]] virtual bool ready() const = 0;

    /// Whether next() would probably find something.
    [[nodiscard]] virtual bool has_next() const = 0;
    /// Fills in the next packet for the guest, with up to `room` bytes of payload in `space`. False
    /// if there is none after all.
    [[nodiscard]] virtual bool next(Packet& packet, std::span<const HostBuffer> space,
                                    std::uint32_t room) = 0;

    /// The guest's driver is gone, and all connections with it.
    virtual void reset() = 0;

protected:
    ~Backend() = default;  // never deleted through the interface
};

}  // namespace lkvm::virtio::vsock
