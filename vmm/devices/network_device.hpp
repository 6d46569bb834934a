// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's network interface: virtio-net on a network of the host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "virtio/net/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/net_options.hpp"
#include "vmm/host/network.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One thread per queue pair; the control queue is on that of the first.
class NetworkDevice final : public HostedDevice, private NetworkEvents {
public:
    /// `index` counts the machine's interfaces. Failures: those of the networks.
    [[nodiscard]] static Outcome<std::unique_ptr<NetworkDevice>> create(DevicePlace place,
                                                                        const NetOptions& options,
                                                                        unsigned index);

    void start() override;
    void stop() override;

    /// "tap interface tap0", for messages.
    [[nodiscard]] std::string description() const { return network_->description(); }

private:
    explicit NetworkDevice(DevicePlace place)
        : HostedDevice(std::move(place)) {}

    [[nodiscard]] Outcome<> build(const NetOptions& options, unsigned index);
    void link_changed(bool up) override { device_->set_link(up); }

    std::vector<std::unique_ptr<EventLoop>> loops_;
    std::unique_ptr<Network> network_;
    std::unique_ptr<virtio::Queue[]> queues_;
    std::unique_ptr<virtio::net::QueuePair[]> pairs_;
    std::unique_ptr<virtio::net::NetDevice> device_;
};

}  // namespace lkvm::vmm
