// SPDX-License-Identifier: GPL-2.0-or-later
// One port of the console. VIRTIO 1.2 §5.3.6.
#include "virtio/console/port.hpp"

#include <utility>

namespace lkvm::virtio::console {

namespace {

/// The next chain, with kicks off while there are some and on when there are none.
bool take(Queue& queue, DescriptorChain& chain, std::span<Segment> segments) {
    queue.disable_kicks();
    while (true) {
        std::optional<DescriptorChain> next = queue.pop(segments);
        if (next.has_value()) {
            chain = std::move(*next);
            return true;
        }
        if (!queue.enable_kicks()) return false;
    }
}

}  // namespace

void Port::connect(const GuestMemory& memory, ConsoleBackend& backend, Role role,
                   std::string_view name) {
    memory_ = &memory;
    backend_ = &backend;
    role_ = role;
    name_ = name;
}

void Port::attach(Queue& receive, Queue& transmit) {
    receive_ = &receive;
    transmit_ = &transmit;
}

void Port::open(bool is_open) {
    if (std::exchange(open_, is_open) != is_open) backend_->guest_opened(is_open);
}

void Port::pump_input() {
    if (!open_) return;
    while (input_.live() || take(*receive_, input_, input_segments_)) {
        ChainWriter writer(*memory_, input_);
        std::uint32_t written = 0;
        bool more = true;
        while (more) {
            const std::span<std::byte> part = writer.window(input_.writable_bytes());
            if (part.empty()) break;
            const std::size_t count = backend_->read(part);
            LKVM_ASSERT(count <= part.size());
            written += static_cast<std::uint32_t>(count);
            more = count == part.size();
        }
        // A buffer without room is given back as it is; one with room waits for input.
        if (written == 0 && input_.writable_bytes() != 0) break;
        receive_->complete(std::move(input_), written);
    }
    receive_->notify();
}

bool Port::send_chain() {
    ChainReader reader(*memory_, output_);
    reader.skip(output_done_);
    std::array<HostBuffer, 1> piece{};
    while (true) {
        const SegmentCursor::Buffers taken = reader.take(UINT32_MAX, piece);
        if (taken.bytes == 0) return true;
        const std::size_t count = backend_->write({piece[0].data, piece[0].size});
        LKVM_ASSERT(count <= piece[0].size);
        output_done_ += static_cast<std::uint32_t>(count);
        if (count != piece[0].size) return false;
    }
}

void Port::pump_output() {
    while (true) {
        if (!output_.live()) {
            if (!take(*transmit_, output_, output_segments_)) break;
            output_done_ = 0;
        }
        if (!send_chain()) break;
        transmit_->complete(std::move(output_), 0);
    }
    transmit_->notify();
}

void Port::drop_input() {
    if (input_.live()) receive_->complete(std::move(input_), 0);
}

void Port::drop_output() {
    if (output_.live()) transmit_->complete(std::move(output_), 0);
}

}  // namespace lkvm::virtio::console
