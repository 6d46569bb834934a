// SPDX-License-Identifier: GPL-2.0-or-later
// Features, configuration space and control messages of the console. VIRTIO 1.2 §5.3.
#pragma once

#include <cstdint>
#include <optional>

#include <lkvm/endian.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/chain.hpp"
#include "virtio/features.hpp"

namespace lkvm::virtio::console {

inline constexpr std::uint64_t F_SIZE = feature(0);
inline constexpr std::uint64_t F_MULTIPORT = feature(1);

struct Config {
    Le16 cols;
    Le16 rows;
    Le32 max_nr_ports;
    Le32 emerg_wr;
};
static_assert(sizeof(Config) == 12);

/// VIRTIO 1.2 §5.3.6.2.
enum class ControlEvent : std::uint16_t {
    device_ready = 0,
    device_add = 1,
    device_remove = 2,
    port_ready = 3,
    console_port = 4,
    resize = 5,
    port_open = 6,
    port_name = 7,
};

struct ControlMessage {
    Le32 id;
    Le16 event;
    Le16 value;
};
static_assert(sizeof(ControlMessage) == 8);

/// After a ControlMessage with `resize`.
struct ResizeMessage {
    Le16 cols;
    Le16 rows;
};
static_assert(sizeof(ResizeMessage) == 4);

/// A driver's message, or nothing if the chain is too short for one.
[[nodiscard]] std::optional<ControlMessage> parse_control(const GuestMemory& memory,
                                                          const DescriptorChain& chain);

/// VIRTIO 1.2 §5.3.2: port 0 has queues 0 and 1, the control queues are 2 and 3, port n from 1 on
/// has 2n + 2 and 2n + 3.
inline constexpr unsigned control_receive_queue = 2;
inline constexpr unsigned control_transmit_queue = 3;
[[nodiscard]] constexpr unsigned receive_queue(unsigned port) {
    return port == 0 ? 0 : 2 * port + 2;
}
[[nodiscard]] constexpr unsigned transmit_queue(unsigned port) {
    return receive_queue(port) + 1;
}
/// The port of a queue that is no control queue.
[[nodiscard]] constexpr unsigned port_of_queue(unsigned queue) {
    return queue < 2 ? 0 : (queue - 2) / 2;
}
static_assert(port_of_queue(receive_queue(5)) == 5 && port_of_queue(transmit_queue(1)) == 1);

}  // namespace lkvm::virtio::console
