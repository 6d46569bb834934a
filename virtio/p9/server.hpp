// SPDX-License-Identifier: GPL-2.0-or-later
// What answers the file requests of a guest.
#pragma once

#include <cstdint>
#include <span>

#include <lkvm/host_buffer.hpp>

#include "virtio/p9/reply.hpp"
#include "virtio/p9/request.hpp"

namespace lkvm::virtio::p9 {

/// One session at a time. All calls on the owner thread of the device's queue.
class Server {
public:
    /// Answers a request other than Version, Auth and Flush, which the device does itself: fills
    /// `reply` and returns 0, or returns the guest's error number. `data` is what a Write brings,
    /// in guest memory. May wait for the host's file system.
    [[nodiscard]] virtual std::uint32_t handle(const Request& request,
                                               std::span<const HostBuffer> data, Reply& reply) = 0;
    /// Ends the session: forgets all fids.
    virtual void reset() = 0;

protected:
    ~Server() = default;  // never deleted through the interface
};

}  // namespace lkvm::virtio::p9
