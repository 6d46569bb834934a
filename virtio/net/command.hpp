// SPDX-License-Identifier: GPL-2.0-or-later
// Commands of the control queue as the driver writes them. VIRTIO 1.2 §5.1.6.5.
#pragma once

#include <cstdint>
#include <variant>

#include <lkvm/guest_memory.hpp>
#include <lkvm/net_backend.hpp>
#include <lkvm/result.hpp>

#include "virtio/chain.hpp"
#include "virtio/net/receive_filter.hpp"

namespace lkvm::virtio::net {

struct SetReceiveMode {
    ReceiveMode mode{};
    bool on = false;
};
struct SetMacTables {
    MacTable unicast;
    MacTable multicast;
};
struct SetMac {
    MacAddress mac{};
};
struct SetQueuePairs {
    std::uint16_t pairs = 0;
};
struct SetGuestOffloads {
    std::uint64_t features = 0;
};
using Command = std::variant<SetReceiveMode, SetMacTables, SetMac, SetQueuePairs, SetGuestOffloads>;

/// Only bytes become a command here; whether its features were negotiated and its numbers are in
/// range is not looked at. Errors: `truncated` (less than the command needs), `not_supported`
/// (detail: class << 8 | command).
[[nodiscard]] Result<Command> parse_command(const GuestMemory& memory,
                                            const DescriptorChain& chain);

}  // namespace lkvm::virtio::net
