// SPDX-License-Identifier: GPL-2.0-or-later
// What a network device sends its frames to and gets them from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include <lkvm/endian.hpp>
#include <lkvm/host_buffer.hpp>

namespace lkvm {

using MacAddress = std::array<std::uint8_t, 6>;

/// What a frame may leave to whoever gets it, as a set of bits.
using NetOffloads = std::uint32_t;
namespace net_offload {
inline constexpr NetOffloads checksum = 1;  ///< TCP and UDP checksums
inline constexpr NetOffloads tcp4 = 2;      ///< cutting TCP over IPv4 into segments
inline constexpr NetOffloads tcp6 = 4;      ///< the same over IPv6
inline constexpr NetOffloads tcp_ecn = 8;   ///< of those also segments with congestion marks
inline constexpr NetOffloads udp = 16;      ///< cutting a UDP payload into datagrams
}  // namespace net_offload

/// What is left to do for a frame. VIRTIO 1.2 §5.1.6; Linux's struct virtio_net_hdr_v1 of tap
/// interfaces is the same.
struct NetHeader {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    Le16 hdr_len;      ///< hint: bytes of all headers of a frame to be cut
    Le16 gso_size;     ///< payload of each piece of a frame to be cut
    Le16 csum_start;   ///< the checksum covers what starts here
    Le16 csum_offset;  ///< from csum_start to where it is stored
    Le16 num_buffers;  ///< the device's own
};
static_assert(sizeof(NetHeader) == 12);

namespace net_header {
inline constexpr std::uint8_t F_NEEDS_CSUM = 1;
inline constexpr std::uint8_t F_DATA_VALID = 2;
inline constexpr std::uint8_t GSO_NONE = 0;
inline constexpr std::uint8_t GSO_TCPV4 = 1;
inline constexpr std::uint8_t GSO_TCPV6 = 4;
inline constexpr std::uint8_t GSO_UDP_L4 = 5;
inline constexpr std::uint8_t GSO_ECN = 0x80;  ///< added to one of the TCP types
}  // namespace net_header

/// Bytes of an Ethernet header, and the most that a frame can have: an IP packet of 64 KiB in two
/// VLANs.
inline constexpr std::size_t ethernet_header_size = 14;
inline constexpr std::size_t max_frame_size = 65535 + ethernet_header_size + 8;

/// One frame on its way to the guest.
struct NetFrame {
    NetHeader header;
    std::span<const std::byte> bytes;
};

/// Told by a back end what its device waits for. On the owner thread of the queue pair.
class NetEvents {
public:
    /// front() has a frame.
    virtual void receive_ready() = 0;
    /// After send() was busy, or after send_later().
    virtual void send_ready() = 0;

protected:
    ~NetEvents() = default;  // never deleted through the interface
};

enum class SendStatus : std::uint8_t { done, busy };

/// The host's end of one queue pair. All calls on the pair's owner thread, except connect().
class NetBackend {
public:
    /// Once, before use.
    virtual void connect(NetEvents& events) = 0;

    /// Takes a frame of ethernet_header_size to max_frame_size bytes. The header asks only for
    /// what NetProperties offers and lies inside the frame; the bytes are the guest's and may
    /// change meanwhile. A frame that cannot be delivered is dropped: `done`. `busy`: nothing was
    /// taken, send_ready() follows.
    [[nodiscard]] virtual SendStatus send(const NetHeader& header,
                                          std::span<const HostBuffer> frame) = 0;
    /// Asks for send_ready() soon, after other work of the thread.
    virtual void send_later() = 0;

    /// The next frame for the guest, at most max_frame_size bytes, or nothing. The same one, valid,
    /// until pop().
    [[nodiscard]] virtual std::optional<NetFrame> front() = 0;
    virtual void pop() = 0;
    /// With `on` receive_ready() is called, again and again, while front() has a frame. Off at
    /// first.
    virtual void listen(bool on) = 0;

protected:
    ~NetBackend() = default;  // never deleted through the interface
};

/// Switches of the host's end as a whole. Any thread; they need not take effect at once, so that a
/// device may still get frames of before.
class NetControl {
public:
    /// What frames for the guest may leave to it, a subset of NetProperties::to_guest. None at
    /// first.
    virtual void set_guest_offloads(NetOffloads offloads) = 0;
    /// The first `pairs` queue pairs are in use. One at first.
    virtual void set_queue_pairs(unsigned pairs) = 0;

protected:
    ~NetControl() = default;  // never deleted through the interface
};

/// What an interface is like.
struct NetProperties {
    MacAddress mac{};
    std::uint16_t mtu = 0;     ///< bytes; 0: the driver is not told
    NetOffloads to_host = 0;   ///< what send() takes over
    NetOffloads to_guest = 0;  ///< what frames for the guest may leave to it
};

}  // namespace lkvm
