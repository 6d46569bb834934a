// SPDX-License-Identifier: GPL-2.0-or-later
// Packets of the socket device. VIRTIO 1.2 §5.10.6.
#include "virtio/vsock/packet.hpp"

#include <bit>
#include <cstring>

#include <lkvm/endian.hpp>

namespace lkvm::virtio::vsock {

namespace {

/// The header on the wire; its size is no multiple of its largest field's, so no structure fits.
namespace field {

constexpr std::size_t source_cid = 0;
constexpr std::size_t destination_cid = 8;
constexpr std::size_t source_port = 16;
constexpr std::size_t destination_port = 20;
constexpr std::size_t length = 24;
constexpr std::size_t type = 28;
constexpr std::size_t operation = 30;
constexpr std::size_t flags = 32;
constexpr std::size_t buffer_size = 36;
constexpr std::size_t forwarded = 40;
static_assert(forwarded + sizeof(std::uint32_t) == header_size);

}  // namespace field

template<class T>
T get(const HeaderBytes& bytes, std::size_t at) {
    Endian<T, std::endian::little> value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

template<class T>
void put(HeaderBytes& bytes, std::size_t at, T value) {
    const Endian<T, std::endian::little> wire(value);
    std::memcpy(bytes.data() + at, &wire, sizeof(wire));
}

}  // namespace

Packet decode(const HeaderBytes& bytes) {
    Packet packet;
    packet.source_cid = get<std::uint64_t>(bytes, field::source_cid);
    packet.destination_cid = get<std::uint64_t>(bytes, field::destination_cid);
    packet.source_port = get<std::uint32_t>(bytes, field::source_port);
    packet.destination_port = get<std::uint32_t>(bytes, field::destination_port);
    packet.length = get<std::uint32_t>(bytes, field::length);
    packet.type = static_cast<SocketType>(get<std::uint16_t>(bytes, field::type));
    packet.operation = static_cast<Operation>(get<std::uint16_t>(bytes, field::operation));
    packet.flags = get<std::uint32_t>(bytes, field::flags);
    packet.buffer_size = get<std::uint32_t>(bytes, field::buffer_size);
    packet.forwarded = get<std::uint32_t>(bytes, field::forwarded);
    return packet;
}

HeaderBytes encode(const Packet& packet) {
    HeaderBytes bytes;
    put(bytes, field::source_cid, packet.source_cid);
    put(bytes, field::destination_cid, packet.destination_cid);
    put(bytes, field::source_port, packet.source_port);
    put(bytes, field::destination_port, packet.destination_port);
    put(bytes, field::length, packet.length);
    put(bytes, field::type, static_cast<std::uint16_t>(packet.type));
    put(bytes, field::operation, static_cast<std::uint16_t>(packet.operation));
    put(bytes, field::flags, packet.flags);
    put(bytes, field::buffer_size, packet.buffer_size);
    put(bytes, field::forwarded, packet.forwarded);
    return bytes;
}

}  // namespace lkvm::virtio::vsock
