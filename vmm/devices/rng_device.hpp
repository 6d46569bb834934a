// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's source of random numbers: virtio-rng on getrandom(2).
#pragma once

#include <lkvm/entropy_source.hpp>

#include "virtio/rng/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/event_loop.hpp"

namespace lkvm::vmm {

class RngDevice final : public HostedDevice {
public:
    explicit RngDevice(DevicePlace place);

    void start() override { loop_.start(); }
    void stop() override { loop_.stop(); }

private:
    class HostEntropy final : public EntropySource {
    public:
        [[nodiscard]] std::size_t fill(std::span<std::byte> to) override;
    };

    EventLoop loop_{"rng"};
    HostEntropy entropy_;
    virtio::rng::RngDevice device_;
};

}  // namespace lkvm::vmm
