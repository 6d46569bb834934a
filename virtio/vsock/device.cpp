// SPDX-License-Identifier: GPL-2.0-or-later
// The socket device. VIRTIO 1.2 §5.10.
#include "virtio/vsock/device.hpp"

#include <utility>

#include <lkvm/assert.hpp>
#include <lkvm/endian.hpp>

#include "virtio/features.hpp"

namespace lkvm::virtio::vsock {

namespace {

constexpr std::uint64_t F_STREAM = feature(0);

struct Config {
    Le64 guest_cid;
};

}  // namespace

VsockDevice::VsockDevice(const GuestMemory& memory, std::uint64_t guest_cid, Backend& backend)
    : memory_(memory)
    , guest_cid_(guest_cid)
    , backend_(backend) {
    LKVM_ASSERT(guest_cid >= first_guest_cid && guest_cid <= last_guest_cid);
}

std::uint64_t VsockDevice::features() const {
    return F_STREAM;
}

void VsockDevice::read_config(std::size_t offset, std::span<std::byte> out) {
    const Config config{.guest_cid = guest_cid_};
    copy_config(std::as_bytes(std::span{&config, 1}), offset, out);
}

void VsockDevice::run(unsigned queue) {
    running_ = true;
    if (queue == transmit_queue) take_later_ = true;
    serve();
}

void VsockDevice::stop(unsigned queue) {
    if (queue == receive_queue && receive_chain_.live()) {
        queues_[receive_queue].complete(std::move(receive_chain_), 0);
    }
    // Without either queue no connection can go on.
    if (queue == receive_queue || queue == transmit_queue) backend_.reset();
    running_ = false;
    take_later_ = false;
}

void VsockDevice::deliver() {
    // Before the driver is ready the rings are not to be touched.
    if (running_) serve();
}

void VsockDevice::serve() {
    while (true) {
        give();
        // Giving may have made room for answers.
        if (!take_later_ || !backend_.ready()) break;
        take();
    }
    queues_[receive_queue].notify();
    queues_[transmit_queue].notify();
}

void VsockDevice::take() {
    take_later_ = false;
    Queue& queue = queues_[transmit_queue];
    queue.drain(
        [this] {
            take_later_ = !backend_.ready();
            return take_later_ ? std::span<Segment>{} : std::span<Segment>{transmit_segments_};
        },
        [&](DescriptorChain&& chain) {
            receive(chain);
            queue.complete(std::move(chain), 0);
        });
}

void VsockDevice::receive(const DescriptorChain& chain) {
    ChainReader reader(memory_, chain);
    HeaderBytes bytes;
    if (reader.read(bytes) != bytes.size()) {
        ++dropped_;
        return;
    }
    const Packet packet = decode(bytes);
    const bool whole = packet.length <= max_payload && packet.length <= reader.remaining();
    if (packet.source_cid != guest_cid_ || !whole) {
        ++dropped_;
        return;
    }
    const SegmentCursor::Buffers payload = reader.take(packet.length, buffers_);
    // There are as many buffers as a chain can have segments.
    LKVM_ASSERT(payload.bytes == packet.length);
    backend_.receive(packet, payload.pieces);
}

void VsockDevice::give() {
    while (backend_.has_next()) {
        if (!give_one()) return;
    }
}

bool VsockDevice::give_one() {
    Queue& queue = queues_[receive_queue];
    if (!receive_chain_.live()) {
        std::optional<DescriptorChain> chain = queue.pop(receive_segments_);
        // The driver kicks only after it was asked to, and may have been quicker than that.
        if (!chain.has_value()) return queue.enable_kicks();
        if (chain->writable_bytes() <= header_size) {  // no room for data
            queue.give_up(ErrorCode::truncated);
            queue.complete(std::move(*chain), 0);
            return false;
        }
        receive_chain_ = std::move(*chain);
    }
    std::uint64_t room = receive_chain_.writable_bytes() - header_size;
    if (room > max_payload) room = max_payload;
    ChainWriter space(memory_, receive_chain_);
    space.skip(header_size);
    const SegmentCursor::Buffers buffers = space.take(room, buffers_);
    Packet packet;
    if (!backend_.next(packet, buffers.pieces, static_cast<std::uint32_t>(buffers.bytes))) {
        return true;
    }
    LKVM_ASSERT(packet.length <= buffers.bytes);
    packet.destination_cid = guest_cid_;
    const HeaderBytes header = encode(packet);
    ChainWriter writer(memory_, receive_chain_);
    LKVM_ASSERT(writer.write(std::span<const std::byte>{header}) == header.size());
    queue.complete(std::move(receive_chain_),
                   static_cast<std::uint32_t>(header_size) + packet.length);
    return true;
}

}  // namespace lkvm::virtio::vsock
