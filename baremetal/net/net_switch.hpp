// SPDX-License-Identifier: GPL-2.0-or-later
// Networks between zones: a switch that learns which address is behind which port.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/host_buffer.hpp>
#include <lkvm/net_backend.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// What the switch delivers to.
class FrameSink {
public:
    /// Takes a copy, or drops the frame; does not wait. The pieces are the sender's memory and may
    /// change meanwhile. Any CPU.
    virtual void deliver(const NetHeader& header, std::span<const HostBuffer> frame) = 0;

protected:
    ~FrameSink() = default;  // never deleted through the interface
};

/// One network. Each port has an address of its own from the start, which no other port can take
/// over; more addresses (bridges, containers in a guest) are learnt from what comes from a port, up
/// to table_size of them, the least recently seen going first. Any CPU.
class NetSwitch {
public:
    static constexpr unsigned max_ports = 64;
    static constexpr std::size_t table_size = 64;

    struct Counters {
        std::atomic<std::uint64_t> forwarded{0};  ///< to one port
        std::atomic<std::uint64_t> flooded{0};    ///< to all others
        std::atomic<std::uint64_t> rejected{0};   ///< sent with another port's address
    };

    /// Before zones run; at most max_ports. Returns the port's number.
    unsigned add_port(FrameSink& sink, const MacAddress& address);
    [[nodiscard]] unsigned port_count() const { return port_count_; }

    /// How far a frame has come that goes to all ports.
    struct Flood {
        bool goes_on = false;
        unsigned next = 0;
    };
    /// A frame of at least ethernet_header_size bytes that came from `port`. False: it is a long
    /// one for many ports, and not all have it yet; call again.
    [[nodiscard]] bool forward(unsigned port, const NetHeader& header,
                               std::span<const HostBuffer> frame, Flood& flood);

    [[nodiscard]] const Counters& counters() const { return counters_; }

private:
    struct Port {
        FrameSink* sink = nullptr;
        MacAddress address{};
    };
    struct Learnt {
        MacAddress address{};
        unsigned port = 0;
        std::uint64_t seen = 0;  ///< 0: unused
    };
    static constexpr unsigned nowhere = max_ports;

    [[nodiscard]] bool flood_on(unsigned port, const NetHeader& header,
                                std::span<const HostBuffer> frame, Flood& flood);

    [[nodiscard]] unsigned owner_of(const MacAddress& address) const;
    void learn(const MacAddress& source, unsigned port);
    [[nodiscard]] unsigned find(const MacAddress& destination) const;

    std::array<Port, max_ports> ports_{};
    unsigned port_count_ = 0;
    SpinLock lock_;  // of what is learnt
    std::array<Learnt, table_size> learnt_{};
    std::uint64_t frames_ = 0;
    Counters counters_;
};

}  // namespace lkvm::hv
