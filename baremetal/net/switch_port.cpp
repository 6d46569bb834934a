// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/switch_port.hpp"

#include "baremetal/net/checksum.hpp"

namespace lkvm::hv {

void SwitchPort::connect(NetSwitch& network, const MacAddress& address, QueueRunner& runner,
                         std::span<std::byte> storage) {
    network_ = &network;
    runner_ = &runner;
    ring_.connect(storage);
    number_ = network.add_port(*this, address);
}

SendStatus SwitchPort::send(const NetHeader& header, std::span<const HostBuffer> frame) {
    if (network_->forward(number_, header, frame, flood_)) return SendStatus::done;
    runner_->raise(event_send);
    return SendStatus::busy;
}

void SwitchPort::deliver(const NetHeader& header, std::span<const HostBuffer> frame) {
    if (!ring_.push(header, frame)) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    // Pairs with listen(): either the reader sees the frame or we see that it listens.
    if (listening_.load(std::memory_order_seq_cst)) runner_->raise(event_receive);
}

std::optional<NetFrame> SwitchPort::front() {
    std::optional<NetFrame> frame = ring_.front();
    if (!frame.has_value() || (frame->header.flags & net_header::F_NEEDS_CSUM) == 0) return frame;
    if ((allowed_.load(std::memory_order_relaxed) & net_offload::checksum) != 0) return frame;
    ring_.complete_front();
    return ring_.front();
}

void SwitchPort::pop() {
    ring_.pop();
}

void SwitchPort::listen(bool on) {
    listening_.store(on, std::memory_order_seq_cst);
    if (on && !ring_.empty()) runner_->raise(event_receive);
}

void SwitchPort::work(unsigned event) {
    if (event == event_send) return events_->send_ready();
    if (!listening_.load(std::memory_order_relaxed)) return;
    events_->receive_ready();
    // It stops after a while so that others have their turn.
    if (listening_.load(std::memory_order_relaxed) && !ring_.empty()) runner_->raise(event_receive);
}

}  // namespace lkvm::hv
