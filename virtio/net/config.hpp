// SPDX-License-Identifier: GPL-2.0-or-later
// Features and configuration space of the network device. VIRTIO 1.2 §5.1.3, §5.1.4.
#pragma once

#include <cstddef>
#include <cstdint>

#include <lkvm/endian.hpp>
#include <lkvm/net_backend.hpp>

#include "virtio/features.hpp"

namespace lkvm::virtio::net {

inline constexpr std::uint64_t F_CSUM = feature(0);
inline constexpr std::uint64_t F_GUEST_CSUM = feature(1);
inline constexpr std::uint64_t F_CTRL_GUEST_OFFLOADS = feature(2);
inline constexpr std::uint64_t F_MTU = feature(3);
inline constexpr std::uint64_t F_MAC = feature(5);
inline constexpr std::uint64_t F_GUEST_TSO4 = feature(7);
inline constexpr std::uint64_t F_GUEST_TSO6 = feature(8);
inline constexpr std::uint64_t F_GUEST_ECN = feature(9);
inline constexpr std::uint64_t F_HOST_TSO4 = feature(11);
inline constexpr std::uint64_t F_HOST_TSO6 = feature(12);
inline constexpr std::uint64_t F_HOST_ECN = feature(13);
inline constexpr std::uint64_t F_MRG_RXBUF = feature(15);
inline constexpr std::uint64_t F_STATUS = feature(16);
inline constexpr std::uint64_t F_CTRL_VQ = feature(17);
inline constexpr std::uint64_t F_CTRL_RX = feature(18);
inline constexpr std::uint64_t F_CTRL_RX_EXTRA = feature(20);
inline constexpr std::uint64_t F_MQ = feature(22);
inline constexpr std::uint64_t F_CTRL_MAC_ADDR = feature(23);
// These three: VIRTIO 1.3 §5.1.3.
inline constexpr std::uint64_t F_GUEST_USO4 = feature(54);
inline constexpr std::uint64_t F_GUEST_USO6 = feature(55);
inline constexpr std::uint64_t F_HOST_USO = feature(56);

inline constexpr std::uint16_t S_LINK_UP = 1;

struct Config {
    MacAddress mac{};
    Le16 status;
    Le16 max_virtqueue_pairs;
    Le16 mtu;
};
static_assert(sizeof(Config) == 12);
static_assert(offsetof(Config, mtu) == 10);

/// Features of the device that an offload in one direction stands for, as pairs; and back.
struct OffloadFeature {
    NetOffloads offload;
    std::uint64_t feature;
};
inline constexpr OffloadFeature host_offload_features[] = {{net_offload::checksum, F_CSUM},
                                                           {net_offload::tcp4, F_HOST_TSO4},
                                                           {net_offload::tcp6, F_HOST_TSO6},
                                                           {net_offload::tcp_ecn, F_HOST_ECN},
                                                           {net_offload::udp, F_HOST_USO}};
inline constexpr OffloadFeature guest_offload_features[] = {
    {net_offload::checksum, F_GUEST_CSUM}, {net_offload::tcp4, F_GUEST_TSO4},
    {net_offload::tcp6, F_GUEST_TSO6},     {net_offload::tcp_ecn, F_GUEST_ECN},
    {net_offload::udp, F_GUEST_USO4},      {net_offload::udp, F_GUEST_USO6}};

template<std::size_t count>
[[nodiscard]] constexpr std::uint64_t features_of(const OffloadFeature (&table)[count],
                                                  NetOffloads offloads) {
    std::uint64_t features = 0;
    for (const OffloadFeature& line : table) {
        if ((offloads & line.offload) != 0) features |= line.feature;
    }
    return features;
}

/// An offload counts only if all of its features are there.
template<std::size_t count>
[[nodiscard]] constexpr NetOffloads offloads_of(const OffloadFeature (&table)[count],
                                                std::uint64_t features) {
    NetOffloads offloads = 0;
    for (const OffloadFeature& line : table) {
        if ((features & line.feature) != 0) offloads |= line.offload;
    }
    for (const OffloadFeature& line : table) {
        if ((features & line.feature) == 0) offloads &= ~line.offload;
    }
    return offloads;
}

/// Features that the driver may switch off and on again while it runs. VIRTIO 1.2 §5.1.6.5.6.
inline constexpr std::uint64_t switchable_features =
    features_of(guest_offload_features, ~NetOffloads{0});

}  // namespace lkvm::virtio::net
