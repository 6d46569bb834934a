// SPDX-License-Identifier: GPL-2.0-or-later
#include "virtio/net/receive_filter.hpp"

#include <cstring>

namespace lkvm::virtio::net {

namespace {

constexpr std::uint8_t group_bit = 1;  // of an address's first byte
constexpr MacAddress broadcast{0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr std::uint32_t promiscuous_only = 1u << static_cast<unsigned>(ReceiveMode::promiscuous);

}  // namespace

bool MacTable::holds(const MacAddress& address) const {
    if (overflow) return true;
    for (std::size_t i = 0; i < count; ++i) {
        if (entries[i] == address) return true;
    }
    return false;
}

void ReceiveFilter::reset() {
    const SpinGuard guard(lock_);
    mac_ = permanent_mac_;
    // VIRTIO 1.2 §5.1.6.5.1: a driver that does not know these commands sees everything.
    modes_ = promiscuous_only;
    tables_set_ = false;
    unicast_.count = 0;
    unicast_.overflow = false;
    multicast_.count = 0;
    multicast_.overflow = false;
}

void ReceiveFilter::set_mode(ReceiveMode mode, bool on) {
    const SpinGuard guard(lock_);
    const std::uint32_t bit = 1u << static_cast<unsigned>(mode);
    modes_ = on ? modes_ | bit : modes_ & ~bit;
}

void ReceiveFilter::set_mac(const MacAddress& mac) {
    const SpinGuard guard(lock_);
    mac_ = mac;
}

MacAddress ReceiveFilter::mac() {
    const SpinGuard guard(lock_);
    return mac_;
}

void ReceiveFilter::set_tables(const MacTable& unicast, const MacTable& multicast) {
    const SpinGuard guard(lock_);
    unicast_ = unicast;
    multicast_ = multicast;
    tables_set_ = true;
}

bool ReceiveFilter::passes(std::span<const std::byte> frame) {
    MacAddress to;
    std::memcpy(to.data(), frame.data(), to.size());
    const SpinGuard guard(lock_);
    if (on(ReceiveMode::promiscuous)) return true;
    if (to == broadcast) return !on(ReceiveMode::no_broadcast);
    if ((to[0] & group_bit) != 0) {
        if (on(ReceiveMode::no_multicast)) return false;
        return on(ReceiveMode::all_multicast) || !tables_set_ || multicast_.holds(to);
    }
    if (on(ReceiveMode::no_unicast)) return false;
    return on(ReceiveMode::all_unicast) || to == mac_ || unicast_.holds(to);
}

}  // namespace lkvm::virtio::net
