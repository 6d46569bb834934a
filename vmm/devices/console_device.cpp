// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/console_device.hpp"

#include <utility>

namespace lkvm::vmm {

Outcome<std::unique_ptr<ConsoleDevice>> ConsoleDevice::create(
    DevicePlace place, TerminalSide* terminal, const std::vector<PortOptions>& ports) {
    std::unique_ptr<ConsoleDevice> device(new ConsoleDevice(std::move(place)));
    LKVM_CHECK(device->build(terminal, ports));
    return device;
}

Outcome<> ConsoleDevice::build(TerminalSide* terminal, const std::vector<PortOptions>& ports) {
    using virtio::console::Port;
    names_ = ports;
    const unsigned first_named = terminal != nullptr ? 1 : 0;
    const std::size_t count = first_named + ports.size();
    const std::size_t queue_count = virtio::console::queue_count(static_cast<unsigned>(count));
    queues_ = std::make_unique<virtio::Queue[]>(queue_count);
    ports_ = std::make_unique<Port[]>(count);
    // The handlers run on the loop, when the device exists.
    const auto input = [this](unsigned port) {
        return [this, port] { device_->input_ready(port); };
    };
    const auto output = [this](unsigned port) {
        return [this, port] { device_->output_ready(port); };
    };
    if (terminal != nullptr) {
        terminal_ = std::make_unique<TerminalPort>(*terminal, loop_,
                                                   TerminalPort::Wake{input(0), output(0)});
        ports_[0].connect(place().memory, *terminal_, Port::Role::console, {});
    }
    for (unsigned i = 0; i < ports.size(); ++i) {
        const unsigned number = first_named + i;
        std::unique_ptr<SocketPort> socket = LKVM_CHECK(SocketPort::create(
            ports[i], loop_, {input(number), output(number), [this, number](bool open) {
                                  device_->set_host_open(number, open);
                              }}));
        ports_[number].connect(place().memory, *socket, Port::Role::named, names_[i].name);
        sockets_.push_back(std::move(socket));
    }
    device_ = std::make_unique<virtio::console::ConsoleDevice>(
        place().memory, std::span{queues_.get(), queue_count}, std::span{ports_.get(), count});
    const std::vector<EventLoop*> loops(queue_count, &loop_);
    attach(*device_, virtio::RingFormat::split, loops);
    if (terminal != nullptr) device_->set_host_open(0, true);
    return {};
}

void ConsoleDevice::set_size(std::uint16_t cols, std::uint16_t rows) {
    loop_.post([this, cols, rows] { device_->set_size(cols, rows); });
}

}  // namespace lkvm::vmm
