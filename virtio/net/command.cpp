// SPDX-License-Identifier: GPL-2.0-or-later
// VIRTIO 1.2 §5.1.6.5.
#include "virtio/net/command.hpp"

#include <lkvm/endian.hpp>

namespace lkvm::virtio::net {

namespace {

/// Class << 8 | command.
enum class Code : std::uint16_t {
    rx_first = 0x0000,
    rx_last = 0x0005,
    mac_table_set = 0x0100,
    mac_addr_set = 0x0101,
    mq_vq_pairs_set = 0x0400,
    guest_offloads_set = 0x0500,
};

struct CommandHeader {
    std::uint8_t class_of_command = 0;
    std::uint8_t command = 0;
};
static_assert(sizeof(CommandHeader) == 2);

constexpr Error too_short = fail(ErrorCode::truncated);

Result<> read_table(ChainReader& reader, MacTable& table) {
    const auto entries = reader.read<Le32>();
    if (!entries.has_value()) return too_short;
    const std::uint32_t count = entries->value();
    table.overflow = count > MacTable::max_entries;
    table.count = table.overflow ? 0 : count;
    if (table.overflow) {
        const std::uint64_t bytes = std::uint64_t{count} * sizeof(MacAddress);
        if (reader.skip(bytes) != bytes) return too_short;
        return {};
    }
    for (std::size_t i = 0; i < table.count; ++i) {
        const auto address = reader.read<MacAddress>();
        if (!address.has_value()) return too_short;
        table.entries[i] = *address;
    }
    return {};
}

}  // namespace

Result<Command> parse_command(const GuestMemory& memory, const DescriptorChain& chain) {
    ChainReader reader(memory, chain);
    const auto header = reader.read<CommandHeader>();
    if (!header.has_value()) return too_short;
    const auto code = static_cast<Code>(header->class_of_command << 8 | header->command);
    if (code >= Code::rx_first && code <= Code::rx_last) {
        const auto on = reader.read<std::uint8_t>();
        if (!on.has_value()) return too_short;
        return Command{SetReceiveMode{static_cast<ReceiveMode>(header->command), *on != 0}};
    }
    switch (code) {
        case Code::mac_table_set: {
            SetMacTables tables;
            LKVM_TRY(read_table(reader, tables.unicast));
            LKVM_TRY(read_table(reader, tables.multicast));
            return Command{tables};
        }
        case Code::mac_addr_set: {
            const auto mac = reader.read<MacAddress>();
            if (!mac.has_value()) return too_short;
            return Command{SetMac{*mac}};
        }
        case Code::mq_vq_pairs_set: {
            const auto pairs = reader.read<Le16>();
            if (!pairs.has_value()) return too_short;
            return Command{SetQueuePairs{*pairs}};
        }
        case Code::guest_offloads_set: {
            const auto features = reader.read<Le64>();
            if (!features.has_value()) return too_short;
            return Command{SetGuestOffloads{*features}};
        }
        default:
            return fail(ErrorCode::not_supported, static_cast<std::uint16_t>(code));
    }
}

}  // namespace lkvm::virtio::net
