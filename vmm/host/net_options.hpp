// SPDX-License-Identifier: GPL-2.0-or-later
// A network interface of the guest as the command line describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lkvm/net_backend.hpp>

namespace lkvm::vmm {

enum class NetMode : unsigned char {
    user,
    tap,
    zones,  ///< between the zones of a bundle; not hosted
};

/// A port of the host that leads to one of the guest.
struct PortForward {
    bool udp = false;
    std::uint32_t host_address = 0;  ///< IPv4, host byte order; 0: all
    std::uint16_t host_port = 0;
    std::uint32_t guest_address = 0;  ///< 0: the one that DHCP gives
    std::uint16_t guest_port = 0;
};

struct NetOptions {
    std::string argument;  ///< as typed, for messages
    NetMode mode = NetMode::user;
    std::optional<MacAddress> mac;
    std::uint16_t mtu = 0;  ///< 0: not given
    unsigned queues = 1;    ///< pairs
    bool packed = false;
    std::vector<PortForward> forwards;  ///< user
    std::string interface_name;         ///< tap; empty: the host makes one up
    std::string network_name;           ///< zones
    std::vector<int> fds;               ///< tap: open ones instead of a name, one per pair
};

inline constexpr unsigned max_net_queues = 16;
/// What Ethernet and IPv6 need at least, and IP can have at most.
inline constexpr std::uint16_t min_mtu = 1280;
inline constexpr std::uint16_t max_mtu = 65535;

}  // namespace lkvm::vmm
