// SPDX-License-Identifier: GPL-2.0-or-later
// Frames on their way to a zone: a bounded queue of bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/host_buffer.hpp>
#include <lkvm/net_backend.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// Any number of CPUs put frames in, one at a time takes them out. What does not fit is refused;
/// nobody waits for the reader.
class FrameRing {
public:
    /// Smallest storage: an empty ring takes the largest frame wherever it stands.
    static constexpr std::size_t min_size = 0x40000;

    /// Once, before use: `storage` is aligned to 16 bytes, at least min_size bytes, a power of two.
    void connect(std::span<std::byte> storage);

    // Writers.
    /// False: there is no room. A frame has at most max_frame_size bytes.
    [[nodiscard]] bool push(const NetHeader& header, std::span<const HostBuffer> pieces);

    // Reader.
    [[nodiscard]] bool empty() const;
    /// The oldest frame, until pop().
    [[nodiscard]] std::optional<NetFrame> front() const;
    void pop();
    /// Does the checksum that the sender left out of the oldest frame.
    void complete_front();

private:
    struct Record;

    [[nodiscard]] Record& record_at(std::uint64_t position) const;
    /// Where the oldest frame's record is; there is one.
    [[nodiscard]] std::uint64_t front_position() const;

    std::span<std::byte> storage_;
    SpinLock writers_;
    // Bytes ever written and read; the records between them are the reader's.
    std::atomic<std::uint64_t> written_{0};
    std::atomic<std::uint64_t> read_{0};
};

}  // namespace lkvm::hv
