// SPDX-License-Identifier: GPL-2.0-or-later
// A queue of buffers for frames from the host. VIRTIO 1.2 §5.1.6.3, §5.1.6.4.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lkvm/guest_memory.hpp>
#include <lkvm/net_backend.hpp>

#include "virtio/net/shared.hpp"
#include "virtio/queue.hpp"

namespace lkvm::virtio::net {

/// Copies frames of the back end into the driver's buffers. A frame for which there are no buffers
/// yet stays with the back end. All members: owner thread of the queue. The driver's mistakes
/// (buffers without room for a header, too many for one frame) cost it the frame or the buffers.
class ReceiveQueue final {
public:
    ReceiveQueue() = default;
    ReceiveQueue(const ReceiveQueue&) = delete;
    ReceiveQueue& operator=(const ReceiveQueue&) = delete;

    /// Once, before use.
    void connect(const GuestMemory& memory, Queue& queue, NetBackend& backend, Shared& shared);

    /// Delivers what there is. For new buffers and for new frames.
    void run();
    /// Gives back the buffers that it holds; frames stay away until run().
    void stop();

private:
    /// More buffers than this a frame does not get; 64 KiB in buffers of 1.5 KiB are 44.
    static constexpr std::size_t max_buffers = 64;
    static constexpr std::size_t pool_size = 2 * max_segments;

    enum class Delivery : std::uint8_t { done, dropped, no_buffers };

    [[nodiscard]] Delivery deliver(const NetHeader& header, std::span<const std::byte> bytes);
    /// Takes buffers until they have room for `size` bytes.
    [[nodiscard]] Delivery collect(std::size_t size);
    [[nodiscard]] bool take_one();
    void fill(const NetHeader& header, std::span<const std::byte> bytes);
    void give_back();
    void listen(bool on);

    const GuestMemory* memory_ = nullptr;
    Queue* queue_ = nullptr;
    NetBackend* backend_ = nullptr;
    Shared* shared_ = nullptr;
    bool listening_ = false;
    /// Buffers for the next frame, in the order in which they came, and their room.
    std::size_t held_ = 0;
    std::size_t room_ = 0;
    std::size_t pool_used_ = 0;
    std::array<UsedChain, max_buffers> chains_;
    Segment pool_[pool_size];
};

}  // namespace lkvm::virtio::net
