// SPDX-License-Identifier: GPL-2.0-or-later
// The socket device. VIRTIO 1.2 §5.10.
#pragma once

#include <array>
#include <cstdint>

#include <lkvm/guest_memory.hpp>

#include "virtio/device.hpp"
#include "virtio/vsock/backend.hpp"

namespace lkvm::virtio::vsock {

/// Carries packets between the rings and the back end, which knows connections. One owner for all
/// queues. Packets that say they come from elsewhere, or are shorter than they say, are dropped.
class VsockDevice final : public Device {
public:
    /// `guest_cid` is first_guest_cid to last_guest_cid.
    VsockDevice(const GuestMemory& memory, std::uint64_t guest_cid, Backend& backend);

    /// Owner: the back end has something for the guest.
    void deliver();
    /// Owner: packets that were not worth an answer.
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

    [[nodiscard]] DeviceType type() const override { return DeviceType::socket; }
    [[nodiscard]] std::uint64_t features() const override;
    [[nodiscard]] std::span<Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override;

private:
    static constexpr std::uint16_t queue_size = 256;
    static constexpr unsigned receive_queue = 0;   // of the guest
    static constexpr unsigned transmit_queue = 1;  // of the guest
    static constexpr std::size_t queue_count = 3;  // and one for events, of which there are none
    /// Linux sends at most 64 KiB in as many pages as it has, and receives 4 KiB at a time.
    static constexpr std::size_t max_segments = 64;

    /// Takes packets until there are none or the back end takes no more.
    void take();
    void receive(const DescriptorChain& chain);
    /// Hands over packets until there are none or the guest has no room.
    void give();
    [[nodiscard]] bool give_one();
    void serve();

    const GuestMemory& memory_;
    const std::uint64_t guest_cid_;
    Backend& backend_;
    std::array<Queue, queue_count> queues_;
    bool running_ = false;     // between the first run() and stop()
    bool take_later_ = false;  // packets may wait because the back end was not ready
    std::uint64_t dropped_ = 0;
    DescriptorChain receive_chain_;  // room of the guest that waits for a packet
    std::array<Segment, max_segments> receive_segments_;
    std::array<Segment, max_segments> transmit_segments_;
    std::array<HostBuffer, max_segments> buffers_;
};

}  // namespace lkvm::virtio::vsock
