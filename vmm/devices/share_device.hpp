// SPDX-License-Identifier: GPL-2.0-or-later
// A directory of the host for the guest: virtio-9p with its file server.
#pragma once

#include <memory>
#include <string>

#include "virtio/p9/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/p9/p9_server.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One thread, on which the requests of the guest wait for the host's file system.
class ShareDevice final : public HostedDevice {
public:
    /// `max_files`: see P9Server. Failure: the directory cannot be shared.
    [[nodiscard]] static Outcome<std::unique_ptr<ShareDevice>> create(DevicePlace place,
                                                                      const ShareOptions& options,
                                                                      std::size_t max_files);

    void start() override { loop_.start(); }
    void stop() override { loop_.stop(); }

private:
    ShareDevice(DevicePlace place, SharedDirectory shared, std::string tag, std::size_t max_files);

    EventLoop loop_;
    const std::string tag_;
    P9Server server_;
    virtio::p9::P9Device device_;
};

}  // namespace lkvm::vmm
