// SPDX-License-Identifier: GPL-2.0-or-later
// The console device: configuration space and control messages. VIRTIO 1.2 §5.3.
#include "virtio/console/device.hpp"

#include <utility>

#include <lkvm/assert.hpp>

namespace lkvm::virtio::console {

std::optional<ControlMessage> parse_control(const GuestMemory& memory,
                                            const DescriptorChain& chain) {
    return ChainReader(memory, chain).read<ControlMessage>();
}

ConsoleDevice::ConsoleDevice(const GuestMemory& memory, std::span<Queue> queues,
                             std::span<Port> ports)
    : memory_(memory)
    , queues_(queues)
    , ports_(ports) {
    LKVM_ASSERT(!ports.empty() && ports.size() <= max_ports &&
                queues.size() == queue_count(static_cast<unsigned>(ports.size())));
    for (unsigned i = 0; i < ports_.size(); ++i) {
        ports_[i].attach(queues_[receive_queue(i)], queues_[transmit_queue(i)]);
    }
}

void ConsoleDevice::read_config(std::size_t offset, std::span<std::byte> out) {
    const std::uint32_t size = size_.load(std::memory_order_relaxed);
    Config config;
    config.cols = static_cast<std::uint16_t>(size);
    config.rows = static_cast<std::uint16_t>(size >> 16);
    config.max_nr_ports = static_cast<std::uint32_t>(ports_.size());
    copy_config(std::as_bytes(std::span{&config, 1}), offset, out);
}

void ConsoleDevice::start(std::uint64_t features) {
    multiport_.store((features & F_MULTIPORT) != 0, std::memory_order_relaxed);
    started_.store(true, std::memory_order_relaxed);
    // Release pairs with the acquire in notice_reset().
    epoch_.fetch_add(1, std::memory_order_release);
}

void ConsoleDevice::reset() {
    started_.store(false, std::memory_order_relaxed);
    epoch_.fetch_add(1, std::memory_order_release);
}

void ConsoleDevice::notice_reset() {
    const std::uint32_t epoch = epoch_.load(std::memory_order_acquire);
    if (std::exchange(epoch_seen_, epoch) == epoch) return;
    for (PortState& state : states_) {
        state.ready = false;
        state.pending = 0;
    }
    for (Port& port : ports_) port.open(false);
    // VIRTIO 1.2 §5.3.5: without multiport there is just the first port, and it needs no messages.
    if (started_.load(std::memory_order_relaxed) && !multiport_.load(std::memory_order_relaxed)) {
        ports_[0].open(true);
    }
}

void ConsoleDevice::run(unsigned queue) {
    notice_reset();
    if (queue == control_receive_queue) return send_control();
    if (queue == control_transmit_queue) return receive_control();
    Port& port = ports_[port_of_queue(queue)];
    if (queue == receive_queue(port_of_queue(queue))) {
        port.pump_input();
    } else {
        port.pump_output();
    }
}

void ConsoleDevice::stop(unsigned queue) {
    if (queue == control_receive_queue || queue == control_transmit_queue) return;
    Port& port = ports_[port_of_queue(queue)];
    if (queue == receive_queue(port_of_queue(queue))) {
        port.drop_input();
    } else {
        port.drop_output();
    }
}

void ConsoleDevice::receive_control() {
    Queue& queue = queues_[control_transmit_queue];
    queue.drain([this]() -> std::span<Segment> { return control_segments_; },
                [&](DescriptorChain&& chain) {
                    const auto message = parse_control(memory_, chain);
                    queue.complete(std::move(chain), 0);
                    if (message.has_value()) handle(*message);
                });
    queue.notify();
    send_control();
}

void ConsoleDevice::handle(const ControlMessage& message) {
    const auto event = static_cast<ControlEvent>(message.event.value());
    if (event == ControlEvent::device_ready) {
        if (message.value != 1) return;
        for (unsigned i = 0; i < ports_.size(); ++i) states_[i].pending |= pending_add;
        return;
    }
    const std::uint32_t id = message.id;
    if (id >= ports_.size()) return;
    PortState& state = states_[id];
    Port& port = ports_[id];
    if (event == ControlEvent::port_ready && message.value == 1) {
        state.ready = true;
        if (port.role() == Port::Role::console) {
            state.pending |= pending_console | pending_resize;
        }
        if (!port.name().empty()) state.pending |= pending_name;
        if (state.host_open) state.pending |= pending_open;
        // A console's driver sends no open message.
        if (port.role() == Port::Role::console) {
            port.open(true);
            port.pump_input();
        }
    }
    if (event == ControlEvent::port_open && state.ready) {
        port.open(message.value == 1);
        port.pump_input();
    }
}

void ConsoleDevice::announce(unsigned port, std::uint8_t what) {
    notice_reset();
    if (!states_[port].ready) return;
    states_[port].pending = static_cast<std::uint8_t>(states_[port].pending | what);
    send_control();
}

void ConsoleDevice::send_control() {
    Queue& queue = queues_[control_receive_queue];
    for (unsigned i = 0; i < ports_.size(); ++i) {
        PortState& state = states_[i];
        while (state.pending != 0) {
            std::optional<DescriptorChain> chain = queue.pop(control_segments_);
            if (!chain.has_value()) {
                if (queue.enable_kicks()) continue;
                return queue.notify();
            }
            const auto lowest = static_cast<Pending>(state.pending & -state.pending);
            const std::uint32_t written = write_message(i, lowest, *chain);
            // What did not fit is sent again when there is a larger buffer.
            if (written != 0) state.pending = static_cast<std::uint8_t>(state.pending & ~lowest);
            queue.complete(std::move(*chain), written);
        }
    }
    queue.notify();
}

std::uint32_t ConsoleDevice::write_message(unsigned port, Pending what,
                                           const DescriptorChain& chain) {
    ControlMessage message;
    message.id = port;
    message.value = std::uint16_t{1};
    const auto event = [&message](ControlEvent name) {
        message.event = static_cast<std::uint16_t>(name);
    };
    const std::string_view name = ports_[port].name();
    ResizeMessage size;
    std::span<const std::byte> rest;
    switch (what) {
        case pending_add:
            event(ControlEvent::device_add);
            break;
        case pending_console:
            event(ControlEvent::console_port);
            break;
        case pending_name:
            event(ControlEvent::port_name);
            rest = std::as_bytes(std::span{name});
            break;
        case pending_resize: {
            event(ControlEvent::resize);
            const std::uint32_t now = size_.load(std::memory_order_relaxed);
            size.cols = static_cast<std::uint16_t>(now);
            size.rows = static_cast<std::uint16_t>(now >> 16);
            rest = std::as_bytes(std::span{&size, 1});
            break;
        }
        case pending_open:
            event(ControlEvent::port_open);
            message.value = static_cast<std::uint16_t>(states_[port].host_open ? 1 : 0);
            break;
    }
    const std::size_t length = sizeof(message) + rest.size();
    if (chain.writable_bytes() < length) return 0;
    ChainWriter writer(memory_, chain);
    static_cast<void>(writer.write(message));
    writer.write(rest);
    return static_cast<std::uint32_t>(length);
}

void ConsoleDevice::input_ready(unsigned port) {
    notice_reset();
    ports_[port].pump_input();
}

void ConsoleDevice::output_ready(unsigned port) {
    notice_reset();
    ports_[port].pump_output();
}

void ConsoleDevice::set_host_open(unsigned port, bool open) {
    if (std::exchange(states_[port].host_open, open) == open) return;
    announce(port, pending_open);
}

void ConsoleDevice::set_size(std::uint16_t cols, std::uint16_t rows) {
    const std::uint32_t size = cols | std::uint32_t{rows} << 16;
    if (size_.exchange(size, std::memory_order_relaxed) == size) return;
    events().config_changed();
    for (unsigned i = 0; i < ports_.size(); ++i) {
        if (ports_[i].role() == Port::Role::console) announce(i, pending_resize);
    }
}

}  // namespace lkvm::virtio::console
