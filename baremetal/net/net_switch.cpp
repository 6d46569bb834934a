// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/net/net_switch.hpp"

#include <cstring>

#include <lkvm/assert.hpp>

namespace lkvm::hv {
namespace {

/// The first two fields of an Ethernet frame.
struct Addresses {
    MacAddress destination;
    MacAddress source;
};
static_assert(sizeof(Addresses) == 12);

// Bytes that are copied at once, and what a port costs besides.
constexpr std::size_t most_at_once = 0x10000;
constexpr std::size_t cost_of_port = 0x400;

constexpr std::uint8_t group_bit = 1;  // multicast and broadcast

Addresses addresses_of(std::span<const HostBuffer> frame) {
    Addresses addresses{};
    auto* const to = reinterpret_cast<std::byte*>(&addresses);  // bytes of a plain structure
    std::size_t done = 0;
    for (const HostBuffer& piece : frame) {
        const std::size_t rest = sizeof(addresses) - done;
        const std::size_t count = piece.size < rest ? piece.size : rest;
        std::memcpy(to + done, piece.data, count);
        done += count;
        if (done == sizeof(addresses)) break;
    }
    return addresses;
}

void count(std::atomic<std::uint64_t>& counter) {
    counter.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

unsigned NetSwitch::add_port(FrameSink& sink, const MacAddress& address) {
    LKVM_ASSERT(port_count_ < max_ports);
    ports_[port_count_] = {&sink, address};
    return port_count_++;
}

unsigned NetSwitch::owner_of(const MacAddress& address) const {
    for (unsigned i = 0; i < port_count_; ++i) {
        if (ports_[i].address == address) return i;
    }
    return nowhere;
}

void NetSwitch::learn(const MacAddress& source, unsigned port) {
    const std::uint64_t now = ++frames_;
    Learnt* oldest = &learnt_.front();
    for (Learnt& entry : learnt_) {
        if (entry.seen != 0 && entry.address == source) {
            entry.port = port;
            entry.seen = now;
            return;
        }
        if (entry.seen < oldest->seen) oldest = &entry;
    }
    *oldest = {source, port, now};
}

unsigned NetSwitch::find(const MacAddress& destination) const {
    for (const Learnt& entry : learnt_) {
        if (entry.seen != 0 && entry.address == destination) return entry.port;
    }
    return nowhere;
}

bool NetSwitch::forward(unsigned port, const NetHeader& header, std::span<const HostBuffer> frame,
                        Flood& flood) {
    if (flood.goes_on) return flood_on(port, header, frame, flood);
    // The pieces may change meanwhile; what is decided here is decided on a copy.
    const auto [destination, source] = addresses_of(frame);
    const unsigned sender = owner_of(source);
    if (sender != port && sender != nowhere) {
        count(counters_.rejected);
        return true;
    }
    const bool to_group = (destination[0] & group_bit) != 0;
    unsigned target = to_group ? nowhere : owner_of(destination);
    const bool learnable = sender == nowhere && (source[0] & group_bit) == 0;
    if (learnable || (!to_group && target == nowhere)) {
        const SpinGuard guard{lock_};
        if (learnable) learn(source, port);
        if (!to_group && target == nowhere) target = find(destination);
    }
    if (target == nowhere) {
        count(counters_.flooded);
        flood = {.goes_on = true, .next = 0};
        return flood_on(port, header, frame, flood);
    }
    // To itself: a switch sends nothing back where it came from.
    if (target != port) ports_[target].sink->deliver(header, frame);
    count(counters_.forwarded);
    return true;
}

bool NetSwitch::flood_on(unsigned port, const NetHeader& header, std::span<const HostBuffer> frame,
                         Flood& flood) {
    std::size_t cost = cost_of_port;
    for (const HostBuffer& piece : frame) cost += piece.size;
    std::size_t spent = 0;
    for (; flood.next < port_count_; ++flood.next) {
        if (flood.next == port) continue;
        if (spent > most_at_once) return false;
        spent += cost;
        ports_[flood.next].sink->deliver(header, frame);
    }
    flood.goes_on = false;
    return true;
}

}  // namespace lkvm::hv
