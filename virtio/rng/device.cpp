// SPDX-License-Identifier: GPL-2.0-or-later
// The entropy device. VIRTIO 1.2 §5.4.
#include "virtio/rng/device.hpp"

#include <utility>

namespace lkvm::virtio::rng {

namespace {

/// Of a random byte, in bytes that are just copied.
constexpr std::uint64_t work_per_byte = 128;

}  // namespace

std::uint32_t RngDevice::fill(const DescriptorChain& chain) {
    ChainWriter writer(memory_, chain);
    std::uint32_t done = 0;
    while (done < most_bytes) {
        const std::span<std::byte> part = writer.window(most_bytes - done);
        if (part.empty()) break;
        const std::size_t filled = source_.fill(part);
        LKVM_ASSERT(filled <= part.size());
        done += static_cast<std::uint32_t>(filled);
        if (filled != part.size()) break;
    }
    return done;
}

void RngDevice::run(unsigned) {
    queue_.drain([this]() -> std::span<Segment> { return segments_; },
                 [this](DescriptorChain&& chain) {
                     const std::uint32_t written = fill(chain);
                     // They may have to be computed, which is work.
                     queue_.charge(std::uint64_t{written} * work_per_byte);
                     queue_.complete(std::move(chain), written);
                 });
    queue_.notify();
}

}  // namespace lkvm::virtio::rng
