// SPDX-License-Identifier: GPL-2.0-or-later
// Frames that wait for the guest.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <lkvm/net_backend.hpp>

namespace lkvm::vmm {

/// Bounded queue. Joins consecutive segments of a TCP stream into one frame if the guest takes
/// such, as a network card does. One thread.
class FrameQueue {
public:
    /// Bytes that wait at most.
    static constexpr std::size_t limit = std::size_t{4} << 20;

    /// What frames that are pushed from now on may leave to the guest.
    void set_offloads(NetOffloads offloads) { offloads_ = offloads; }

    /// Takes a whole frame, at most max_frame_size bytes, with right checksums. False if there is
    /// no room.
    bool push(std::span<const std::byte> bytes);

    [[nodiscard]] bool empty() const { return frames_.empty(); }
    /// Valid until pop(). From then on the frame is not joined to any more.
    [[nodiscard]] std::optional<NetFrame> front();
    void pop();
    void clear();

private:
    struct Frame {
        NetHeader header;
        std::vector<std::byte> bytes;
        bool open = false;  // more segments may be joined to it
    };

    [[nodiscard]] bool join(std::span<const std::byte> bytes);

    NetOffloads offloads_ = 0;
    std::size_t waiting_ = 0;  // bytes
    std::deque<Frame> frames_;
    std::vector<std::vector<std::byte>> spare_;  // buffers to use again
};

}  // namespace lkvm::vmm
