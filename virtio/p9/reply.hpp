// SPDX-License-Identifier: GPL-2.0-or-later
// Replies of 9P2000.L, from fields to the buffer of the driver.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>
#include <lkvm/host_buffer.hpp>

#include "virtio/chain.hpp"
#include "virtio/p9/protocol.hpp"

namespace lkvm::virtio::p9 {

/// What follows the header of one reply: fields, or bytes that go straight to guest memory. Reused
/// for one request after the other; owner thread of the queue.
class Reply {
public:
    static constexpr std::size_t max_segments = 192;

    /// Largest reply made of fields: Rreadlink, Rgetlock.
    static constexpr std::size_t max_fields = max_path + 64;

    // --- device ---

    /// Begins the reply to a request of `type` with `tag`, in the writable part of the chain, of
    /// which at most `limit` bytes are used. The chain has room for an error.
    void start(const GuestMemory& memory, const DescriptorChain& chain, std::uint8_t type,
               std::uint16_t tag, std::uint32_t limit);
    /// Writes everything, or the error if `error` is not 0 or the reply does not fit. Returns the
    /// bytes written from the start of the writable part.
    [[nodiscard]] std::uint32_t finish(std::uint32_t error);

    // --- server: either fields ---

    void u8(std::uint8_t value);
    void u16(std::uint16_t value);
    void u32(std::uint32_t value);
    void u64(std::uint64_t value);
    void qid(const Qid& value);
    /// At most max_path bytes of it.
    void text(std::string_view value);

    // --- server: or the data of Rread and Rreaddir, with its count ---

    /// How many bytes fit.
    [[nodiscard]] std::uint32_t data_room() const { return room_; }
    /// Guest memory for up to `count` bytes, fewer if there is less room. Once per reply.
    [[nodiscard]] std::span<const HostBuffer> data_buffers(std::uint32_t count);
    /// `count` bytes of data_buffers() are filled.
    void set_data(std::uint32_t count);

private:
    void put(std::span<const std::byte> bytes);

    const GuestMemory* memory_ = nullptr;
    const DescriptorChain* chain_ = nullptr;
    std::uint32_t limit_ = 0;
    std::uint32_t room_ = 0;
    std::uint32_t data_ = 0;
    std::uint8_t type_ = 0;
    std::uint16_t tag_ = 0;
    std::size_t used_ = 0;  // of fields_; the header comes first
    std::array<std::byte, header_size + max_fields> fields_{};
    std::array<HostBuffer, max_segments> buffers_{};
};

}  // namespace lkvm::virtio::p9
