// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/shared_region.hpp"

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

constexpr unsigned register_size = 4;

}  // namespace

SharedDoorbell::SharedDoorbell(SharedRegion& region, IrqPulse& interrupt)
    : region_(region)
    , interrupt_(interrupt)
    , self_(region.peer_count) {
    LKVM_ASSERT(region.peer_count < region.peers.size());
    region.peers[region.peer_count++] = this;
}

std::uint64_t SharedDoorbell::read(std::uint64_t offset, unsigned size) {
    if (size != register_size) return 0;
    switch (offset) {
        case Magic:
            return magic;
        case Version:
            return version;
        case Self:
            return self_;
        case Peers:
            return (std::uint64_t{1} << region_.peer_count) - 1;
        case Rung:
            // Acquire pairs with the release in ring_from(): what the peer wrote before it rang.
            return rung_.load(std::memory_order_acquire);
        default:
            return 0;
    }
}

void SharedDoorbell::write(std::uint64_t offset, unsigned size, std::uint64_t value) {
    if (size != register_size) return;
    if (offset == Rung) {
        rung_.fetch_and(~static_cast<std::uint32_t>(value), std::memory_order_acq_rel);
    } else if (offset == Ring) {
        for (unsigned peer = 0; peer < region_.peer_count; ++peer) {
            if ((value >> peer & 1) != 0) region_.peers[peer]->ring_from(self_);
        }
    }
}

void SharedDoorbell::ring_from(unsigned peer) {
    const std::uint32_t bit = 1u << peer;
    if ((rung_.fetch_or(bit, std::memory_order_acq_rel) & bit) == 0) interrupt_.signal();
}

}  // namespace lkvm::hv
