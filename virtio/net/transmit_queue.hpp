// SPDX-License-Identifier: GPL-2.0-or-later
// A queue of frames for the host. VIRTIO 1.2 §5.1.6.2.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lkvm/guest_memory.hpp>
#include <lkvm/host_buffer.hpp>
#include <lkvm/net_backend.hpp>

#include "virtio/net/shared.hpp"
#include "virtio/queue.hpp"

namespace lkvm::virtio::net {

/// Hands frames to the back end straight from the driver's buffers, one after the other. All
/// members: owner thread of the queue. A frame that is not one is dropped and counted: there is no
/// way to tell the driver.
class TransmitQueue final {
public:
    TransmitQueue() = default;
    TransmitQueue(const TransmitQueue&) = delete;
    TransmitQueue& operator=(const TransmitQueue&) = delete;

    /// Once, before use.
    void connect(const GuestMemory& memory, Queue& queue, NetBackend& backend, Shared& shared);

    /// Sends what there is, until the back end is busy.
    void run();
    /// Gives back the frame that it holds, unsent.
    void stop();

private:
    /// Takes a frame apart into `header_` and `pieces_`. False: it is none.
    [[nodiscard]] bool prepare();
    /// False: the back end is busy.
    [[nodiscard]] bool send();

    const GuestMemory* memory_ = nullptr;
    Queue* queue_ = nullptr;
    NetBackend* backend_ = nullptr;
    Shared* shared_ = nullptr;
    /// The frame under way; live while the back end is busy.
    DescriptorChain chain_;
    NetHeader header_;
    std::size_t frame_size_ = 0;
    std::span<const HostBuffer> frame_;
    Segment segments_[max_segments];
    HostBuffer pieces_[max_segments];
};

}  // namespace lkvm::virtio::net
