// SPDX-License-Identifier: GPL-2.0-or-later
// The entropy device. VIRTIO 1.2 §5.4.
#pragma once

#include <array>

#include <lkvm/entropy_source.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/device.hpp"

namespace lkvm::virtio::rng {

/// One queue of buffers to fill, answered inside run().
class RngDevice final : public Device {
public:
    static constexpr std::uint16_t queue_size = 64;
    /// A buffer gets at most this many bytes, so that no guest keeps the owner busy for long; the
    /// driver learns how many from the used length.
    static constexpr std::uint32_t most_bytes = 65536;

    RngDevice(const GuestMemory& memory, EntropySource& source)
        : memory_(memory)
        , source_(source) {}

    [[nodiscard]] DeviceType type() const override { return DeviceType::entropy; }
    [[nodiscard]] std::uint64_t features() const override { return 0; }
    [[nodiscard]] std::span<Queue> queues() override { return {&queue_, 1}; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override {
        copy_config({}, offset, out);
    }
    void run(unsigned queue) override;

private:
    [[nodiscard]] std::uint32_t fill(const DescriptorChain& chain);

    const GuestMemory& memory_;
    EntropySource& source_;
    Queue queue_;
    std::array<Segment, queue_size> segments_;
};

}  // namespace lkvm::virtio::rng
