// SPDX-License-Identifier: GPL-2.0-or-later
// Which frames a driver wants. VIRTIO 1.2 §5.1.6.5.1, §5.1.6.5.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/net_backend.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::virtio::net {

/// A list of addresses, and whether there were more than fit, in which case all are meant.
struct MacTable {
    static constexpr std::size_t max_entries = 64;

    std::array<MacAddress, max_entries> entries;
    std::size_t count = 0;
    bool overflow = false;

    [[nodiscard]] bool holds(const MacAddress& address) const;
};

/// The commands of VIRTIO_NET_CTRL_RX, by number.
enum class ReceiveMode : std::uint8_t {
    promiscuous = 0,
    all_multicast = 1,
    all_unicast = 2,
    no_multicast = 3,
    no_unicast = 4,
    no_broadcast = 5,
};

/// Set by the owner of the control queue, asked by those of the receive queues; any thread.
class ReceiveFilter {
public:
    /// Lets everything through, as before the driver says otherwise.
    explicit ReceiveFilter(const MacAddress& mac)
        : permanent_mac_(mac) {
        reset();
    }

    void reset();
    void set_mode(ReceiveMode mode, bool on);
    void set_mac(const MacAddress& mac);
    [[nodiscard]] MacAddress mac();
    void set_tables(const MacTable& unicast, const MacTable& multicast);

    /// Whether the driver wants the frame, of at least ethernet_header_size bytes.
    [[nodiscard]] bool passes(std::span<const std::byte> frame);

private:
    [[nodiscard]] bool on(ReceiveMode mode) const {
        return (modes_ >> static_cast<unsigned>(mode) & 1) != 0;
    }

    const MacAddress permanent_mac_;
    SpinLock lock_;
    MacAddress mac_{};
    std::uint32_t modes_ = 0;  // bit n: ReceiveMode n
    bool tables_set_ = false;
    MacTable unicast_;
    MacTable multicast_;
};

}  // namespace lkvm::virtio::net
