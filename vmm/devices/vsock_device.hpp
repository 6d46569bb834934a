// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's sockets to the host: virtio-vsock on unix sockets.
#pragma once

#include <cstdint>
#include <memory>

#include "virtio/vsock/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/vsock/vsock_mux.hpp"
#include "vmm/host/vsock/vsock_options.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One thread for the rings and all connections.
class VsockDevice final : public HostedDevice {
public:
    /// Failure: the socket.
    [[nodiscard]] static Outcome<std::unique_ptr<VsockDevice>> create(DevicePlace place,
                                                                      const VsockOptions& options);

    void start() override { loop_.start(); }
    void stop() override { loop_.stop(); }

private:
    VsockDevice(DevicePlace place, std::uint64_t cid, UnixListener listener);

    EventLoop loop_{"vsock"};
    VsockMux mux_;
    virtio::vsock::VsockDevice device_;
};

}  // namespace lkvm::vmm
