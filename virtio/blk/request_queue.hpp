// SPDX-License-Identifier: GPL-2.0-or-later
// One queue of the block device with its requests in flight. VIRTIO 1.2 §5.2.6.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include <lkvm/block_backend.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/blk/request.hpp"
#include "virtio/queue.hpp"

namespace lkvm::virtio::blk {

/// Sizes that the driver learns from the configuration space.
inline constexpr std::uint16_t queue_size = 256;
inline constexpr std::uint32_t max_data_segments = 126;
inline constexpr std::uint32_t max_ranges = 32;
inline constexpr std::uint32_t max_discard_sectors = 0x400000;
inline constexpr std::uint32_t max_write_zeroes_sectors = 0x40000;

/// What all queues of a disk share. The owner of none: any thread.
struct Shared {
    BlockProperties properties;
    /// The driver wants completed writes to be durable without a flush.
    std::atomic<bool> write_through{false};
};

/// Turns chains into requests for the back end and completions into status bytes. One slot per
/// ring entry; about 1 MiB of which only the slots in use are ever touched. All members: owner
/// thread of the queue. What the driver may do wrong ends as a status of that request; only a
/// chain that has no room for a status breaks the device.
class RequestQueue final : private BlockCompletion {
public:
    RequestQueue();
    RequestQueue(const RequestQueue&) = delete;
    RequestQueue& operator=(const RequestQueue&) = delete;

    /// Once, before use.
    void connect(const GuestMemory& memory, Queue& queue, BlockBackend& backend, Shared& shared);

    /// Takes what is available.
    void run();
    /// Completes what no back end works on.
    void stop();

private:
    // Header, data, status, and a few for pieces cut at the border of two banks.
    static constexpr std::size_t max_segments = max_data_segments + 4;

    struct Slot {
        // First, so that the completion finds its slot.
        BlockRequest request;
        DescriptorChain chain;
        ParsedRequest parsed;
        std::uint32_t range = 0;
        std::uint32_t range_count = 0;
        BlockStatus status = BlockStatus::ok;
        bool submitting = false;
        bool in_flight = false;
        bool clearing = false;      ///< is answered when that is done
        RequestStatus answer{};     ///< then
        std::uint64_t cleared = 0;  ///< bytes from the start
    };

    /// Apart from Slot and never initialized, so that unused ones cost no memory.
    struct Pieces {
        Segment segments[max_segments];
        HostBuffer buffers[max_segments];
    };

    void complete(BlockRequest& request, BlockStatus status) override;
    void end_of_completions() override;

    void take();
    void start(DescriptorChain&& chain);
    /// True if `slot.request` is to be submitted, false if the answer is in `answer`.
    [[nodiscard]] bool prepare(Slot& slot, RequestStatus& answer);
    [[nodiscard]] bool prepare_transfer(Slot& slot, RequestStatus& answer);
    [[nodiscard]] bool prepare_ranges(Slot& slot, RequestStatus& answer);
    [[nodiscard]] bool next_range(Slot& slot, RequestStatus& answer);
    void identify(Slot& slot);
    /// Submits, and goes on with the next range, until something is in flight or all is done.
    void advance(Slot& slot);
    void finish(Slot& slot, RequestStatus status);
    /// Clears a piece of what no data went to. False: there is more.
    [[nodiscard]] bool clear(Slot& slot);
    void go_on_clearing();
    void answer(Slot& slot);

    [[nodiscard]] std::uint16_t number(const Slot& slot) const {
        return static_cast<std::uint16_t>(&slot - slots_.data());
    }

    const GuestMemory* memory_ = nullptr;
    Queue* queue_ = nullptr;
    BlockBackend* backend_ = nullptr;
    Shared* shared_ = nullptr;
    unsigned clearing_ = 0;  // slots
    bool starved_ = false;   // stopped taking chains for want of a slot
    std::uint16_t free_count_ = queue_size;
    std::array<std::uint16_t, queue_size> free_;
    std::array<Slot, queue_size> slots_;
    Pieces pieces_[queue_size];
};

}  // namespace lkvm::virtio::blk
