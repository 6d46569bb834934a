// SPDX-License-Identifier: GPL-2.0-or-later
// All virtio devices of a machine in their slots.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <lkvm/guest_memory.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_bus.hpp>

#include "vmm/devices/balloon_device.hpp"
#include "vmm/devices/console_device.hpp"
#include "vmm/devices/device_options.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/worker_pool.hpp"
#include "vmm/log.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Slots are given in the order of the command line's kinds: disks, then the rest, so that disks
/// are vda, vdb... in the order given. Main thread.
class VirtioDevices {
public:
    /// What the devices are wired to; outlives this.
    struct Wiring {
        const GuestMemory& memory;
        MmioBus& bus;
        StderrLog& log;
        /// The interrupt of a slot.
        std::function<IrqPulse&(unsigned slot)> interrupt;
        TerminalSide& terminal;
        unsigned cpu_count = 1;
    };

    VirtioDevices() = default;
    /// Stops, and leaves behind what does not.
    ~VirtioDevices();
    VirtioDevices(const VirtioDevices&) = delete;
    VirtioDevices& operator=(const VirtioDevices&) = delete;

    /// Makes all devices and puts them on the bus. Once, before the guest runs.
    [[nodiscard]] Outcome<> create(const DeviceOptions& options, const Wiring& wiring);

    /// The next slot is this device's; create() does it for all that were asked for.
    void add(std::unique_ptr<HostedDevice> device, const Wiring& wiring);

    /// Gives every queue a doorbell, if `make` has one (not -1) for this value written there; the
    /// descriptors live as long as the devices run. Once, before start().
    using MakeDoorbell = std::function<int(Gpa where, std::uint32_t value)>;
    void connect_doorbells(const MakeDoorbell& make);

    /// Starts the devices' threads.
    void start();
    /// Power-on state, for a reboot; waits for requests in flight. The vCPUs stand still. Failure:
    /// the host does not finish the requests of the devices that the message names; `give_up` is
    /// asked about once a second whether that is waited for any longer.
    [[nodiscard]] Outcome<> reset(const std::function<bool()>& give_up);
    /// Resets and ends the threads, after the vCPUs stopped. Failure as with reset(): those devices
    /// and the workers go on, and so must all that they refer to, until the process ends.
    [[nodiscard]] Outcome<> stop();
    [[nodiscard]] Outcome<> stop(std::chrono::milliseconds limit);
    /// After stop() failed: deletes the other devices, as far as there is something to give back,
    /// and forgets those that go on. There are no devices then.
    void leave_behind();

    /// Bit n: there is a device in slot n.
    [[nodiscard]] std::uint32_t slots() const { return (1u << devices_.size()) - 1; }
    /// The interrupt pins of the devices.
    [[nodiscard]] std::uint32_t edge_pins() const;
    [[nodiscard]] std::span<const std::unique_ptr<HostedDevice>> all() const { return devices_; }
    /// Null if there is none.
    [[nodiscard]] BalloonDevice* balloon() { return balloon_; }
    /// The virtio console, or null.
    [[nodiscard]] ConsoleDevice* console() const { return console_; }

private:
    [[nodiscard]] Outcome<> add_disks(const DeviceOptions& options, const Wiring& wiring);
    [[nodiscard]] Outcome<> add_networks(const DeviceOptions& options, const Wiring& wiring);
    [[nodiscard]] Outcome<> add_console(const DeviceOptions& options, const Wiring& wiring);
    [[nodiscard]] Outcome<> add_shares(const DeviceOptions& options, const Wiring& wiring);
    void add_balloon(const DeviceOptions& options, const Wiring& wiring);
    [[nodiscard]] DevicePlace next_place(const Wiring& wiring, std::string name) const;
    [[nodiscard]] Outcome<> reset_within(std::chrono::milliseconds limit,
                                         const std::function<bool()>& give_up);

    StderrLog* log_ = nullptr;
    std::unique_ptr<WorkerPool> workers_;
    std::vector<std::unique_ptr<HostedDevice>> devices_;
    std::vector<HostedDevice*> busy_;   // with requests that the last reset could not wait for
    BalloonDevice* balloon_ = nullptr;  // one of devices_
    ConsoleDevice* console_ = nullptr;
    bool running_ = false;
};

}  // namespace lkvm::vmm
