// SPDX-License-Identifier: GPL-2.0-or-later
// What all queues of a network device share.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include <lkvm/net_backend.hpp>

#include "virtio/net/receive_filter.hpp"

namespace lkvm::virtio::net {

/// Size of the rings, and what a chain can have: as many pieces as a ring has entries, and some
/// for pieces cut at the border of two banks.
inline constexpr std::uint16_t queue_size = 256;
inline constexpr std::size_t max_segments = queue_size + 8;

/// Frames that a queue serves before other work of its thread has its turn.
inline constexpr unsigned frame_budget = 128;

/// Frames by what became of them; any thread, only ever growing.
struct Counters {
    std::atomic<std::uint64_t> received{0};
    std::atomic<std::uint64_t> received_bytes{0};
    std::atomic<std::uint64_t> receive_filtered{0};  ///< for others
    std::atomic<std::uint64_t> receive_dropped{0};   ///< too long for the driver's buffers
    std::atomic<std::uint64_t> sent{0};
    std::atomic<std::uint64_t> sent_bytes{0};
    std::atomic<std::uint64_t> send_dropped{0};  ///< the driver's mistakes
};

/// Any thread.
struct Shared {
    explicit Shared(const MacAddress& mac)
        : filter(mac) {}

    /// What the driver leaves to the host, and the host may leave to the driver.
    std::atomic<NetOffloads> host_offloads{0};
    std::atomic<NetOffloads> guest_offloads{0};
    /// MRG_RXBUF was negotiated.
    std::atomic<bool> mergeable{false};
    ReceiveFilter filter;
    Counters counters;
};

inline void count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace lkvm::virtio::net
