// SPDX-License-Identifier: GPL-2.0-or-later
// The form of vsock_fuzz's inputs: VirtioMachine's. A host step's byte is one of these steps
// modulo their count, and above that the number of a program or a count.
#pragma once

#include <cstdint>

namespace lkvm::fuzz {

enum class VsockStep : std::uint8_t {
    send,      ///< operation and ports, Le16 length: the guest sends a packet, see vsock_fuzz.cpp
    space,     ///< the guest gives room for packets
    serve,     ///< the event loop goes round
    accept,    ///< a program takes the next connection of the guest
    connect,   ///< a program connects; Le16 port, 0xffff: says nonsense
    write,     ///< a program sends, or hangs up
    read,      ///< a program reads
    shutdown,  ///< a program ends a direction
    count
};

inline constexpr std::uint32_t vsock_guest_cid = 3;
/// A program of the host listens at this port.
inline constexpr std::uint32_t vsock_port = 1;
inline constexpr std::uint64_t vsock_packet_place = 0x4000;
inline constexpr std::uint64_t vsock_space_place = 0x8000;
inline constexpr std::uint32_t vsock_space = 0x400;

}  // namespace lkvm::fuzz
