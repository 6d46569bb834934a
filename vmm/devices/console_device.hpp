// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's virtio console: the user's terminal and named ports on sockets.
#pragma once

#include <memory>
#include <vector>

#include "virtio/console/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/devices/socket_port.hpp"
#include "vmm/devices/terminal_port.hpp"
#include "vmm/devices/terminal_side.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One loop for all ports.
class ConsoleDevice final : public HostedDevice {
public:
    /// `terminal` null: only named ports.
    [[nodiscard]] static Outcome<std::unique_ptr<ConsoleDevice>> create(
        DevicePlace place, TerminalSide* terminal, const std::vector<PortOptions>& ports);

    void start() override { loop_.start(); }
    void stop() override { loop_.stop(); }

    /// The terminal's port, or null. See TerminalPort for threads.
    [[nodiscard]] TerminalPort* terminal() { return terminal_.get(); }
    /// Any thread: tells the guest the size of the user's terminal, in characters.
    void set_size(std::uint16_t cols, std::uint16_t rows);

private:
    explicit ConsoleDevice(DevicePlace place)
        : HostedDevice(std::move(place)) {}

    [[nodiscard]] Outcome<> build(TerminalSide* terminal, const std::vector<PortOptions>& ports);

    EventLoop loop_{"console"};
    std::vector<PortOptions> names_;  // the device refers to the names
    std::unique_ptr<TerminalPort> terminal_;
    std::vector<std::unique_ptr<SocketPort>> sockets_;
    std::unique_ptr<virtio::Queue[]> queues_;
    std::unique_ptr<virtio::console::Port[]> ports_;
    std::unique_ptr<virtio::console::ConsoleDevice> device_;
};

}  // namespace lkvm::vmm
