// SPDX-License-Identifier: GPL-2.0-or-later
// The block device. VIRTIO 1.2 §5.2.
#pragma once

#include <span>

#include <lkvm/block_backend.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/blk/request_queue.hpp"
#include "virtio/device.hpp"

namespace lkvm::virtio::blk {

/// A disk with one or more queues, each with an owner thread of its own and a back end of its own.
/// State and configuration space; requests are RequestQueue's.
class BlkDevice final : public Device {
public:
    /// As many queues, request queues and back ends as the disk shall have queues. What the spans
    /// show outlives the device, the list of back ends itself need not.
    struct Parts {
        std::span<Queue> queues;
        std::span<RequestQueue> request_queues;
        std::span<BlockBackend* const> backends;
    };

    BlkDevice(const GuestMemory& memory, const BlockProperties& properties, const Parts& parts);

    [[nodiscard]] DeviceType type() const override { return DeviceType::block; }
    [[nodiscard]] std::uint64_t features() const override;
    [[nodiscard]] std::span<Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    void write_config(std::size_t offset, std::span<const std::byte> in) override;
    void start(std::uint64_t features) override;
    void reset() override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override { request_queues_[queue].stop(); }

private:
    std::span<Queue> queues_;
    std::span<RequestQueue> request_queues_;
    Shared shared_;
    std::atomic<bool> cache_selectable_{false};  // CONFIG_WCE was negotiated
};

}  // namespace lkvm::virtio::blk
