// SPDX-License-Identifier: GPL-2.0-or-later
// A virtio device together with its host side.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <lkvm/guest_memory.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/log.hpp>

#include "virtio/transport_mmio.hpp"
#include "vmm/devices/loop_owner.hpp"

namespace lkvm::vmm {

/// What the machine gives a device; outlives it.
struct DevicePlace {
    const GuestMemory& memory;
    IrqPulse& interrupt;
    Log& log;
    std::string name;  ///< "virtio-blk0"
};

/// Base of all virtio devices of a machine. Main thread, except where said otherwise. A derived
/// class owns the virtio::Device, what that talks to and, unless it shares one, its event loops;
/// in its constructor it calls attach().
class HostedDevice {
public:
    virtual ~HostedDevice() = default;
    HostedDevice(const HostedDevice&) = delete;
    HostedDevice& operator=(const HostedDevice&) = delete;

    [[nodiscard]] virtio::MmioTransport& transport() { return *transport_; }
    [[nodiscard]] const std::string& name() const { return place_.name; }

    /// See LoopOwner::add_doorbell().
    void add_doorbell(unsigned queue, int doorbell) { owner_.add_doorbell(queue, doorbell); }

    /// Starts the device's own loops. Before the guest runs.
    virtual void start() {}
    /// Ends the device's own loops. After the guest stands still and the transport was reset.
    virtual void stop() {}

protected:
    explicit HostedDevice(DevicePlace place)
        : place_(std::move(place)) {}

    /// Makes the transport. Queue n of `device` is owned by loops[n].
    void attach(virtio::Device& device, virtio::RingFormat format,
                std::span<EventLoop* const> loops) {
        transport_.emplace(
            device, virtio::TransportServices{place_.memory, place_.interrupt, owner_, place_.log},
            place_.name, format);
        owner_.connect(*transport_, loops);
    }

    [[nodiscard]] const DevicePlace& place() const { return place_; }

private:
    const DevicePlace place_;
    LoopOwner owner_;
    std::optional<virtio::MmioTransport> transport_;
};

}  // namespace lkvm::vmm
