// SPDX-License-Identifier: GPL-2.0-or-later
// Packets of the socket device. VIRTIO 1.2 §5.10.6.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace lkvm::virtio::vsock {

/// Well-known address of the host. VIRTIO 1.2 §5.10.4.
inline constexpr std::uint64_t host_cid = 2;
/// Smallest address that a guest can have, and the largest (the upper half is reserved).
inline constexpr std::uint64_t first_guest_cid = 3;
inline constexpr std::uint64_t last_guest_cid = 0xfffffffe;

enum class Operation : std::uint16_t {
    invalid = 0,
    request = 1,
    response = 2,
    reset = 3,
    shutdown = 4,
    data = 5,  // RW
    credit_update = 6,
    credit_request = 7,
};

enum class SocketType : std::uint16_t { stream = 1, seqpacket = 2 };

/// Flags of a shutdown. VIRTIO 1.2 §5.10.6.5.
inline constexpr std::uint32_t shutdown_receive = 1;  // the sender takes no more
inline constexpr std::uint32_t shutdown_send = 2;     // the sender sends no more
inline constexpr std::uint32_t shutdown_both = 3;

/// The header of a packet; what came from the guest may hold any values.
struct Packet {
    std::uint64_t source_cid = 0;
    std::uint64_t destination_cid = 0;
    std::uint32_t source_port = 0;
    std::uint32_t destination_port = 0;
    std::uint32_t length = 0;  ///< of the payload behind it, in bytes
    SocketType type = SocketType::stream;
    Operation operation = Operation::invalid;
    std::uint32_t flags = 0;
    std::uint32_t buffer_size = 0;  ///< buf_alloc: what the sender can keep for its reader
    std::uint32_t forwarded = 0;    ///< fwd_cnt: what its reader has taken, modulo 2^32

    friend constexpr bool operator==(const Packet&, const Packet&) = default;
};

inline constexpr std::size_t header_size = 44;
/// Largest payload of one packet, as in Linux.
inline constexpr std::uint32_t max_payload = 65536;

using HeaderBytes = std::array<std::byte, header_size>;

[[nodiscard]] Packet decode(const HeaderBytes& bytes);
[[nodiscard]] HeaderBytes encode(const Packet& packet);

}  // namespace lkvm::virtio::vsock
