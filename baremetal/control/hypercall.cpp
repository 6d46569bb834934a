// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/control/hypercall.hpp"

namespace lkvm::hv {
namespace {

std::int64_t refuse(HypercallError error) {
    return static_cast<std::int64_t>(error);
}

std::int64_t write_console(HypercallZone& zone, std::uint64_t address, std::uint64_t size) {
    if (size > max_console_write) return refuse(HypercallError::bad_argument);
    // The guest may change the text meanwhile; it is looked at once, when it is copied out.
    std::array<std::byte, max_console_write> text{};
    const std::span<std::byte> copy{text.data(), static_cast<std::size_t>(size)};
    if (!zone.memory().read_bytes(Gpa{address}, copy).has_value()) {
        return refuse(HypercallError::bad_address);
    }
    zone.write_console(copy);
    return static_cast<std::int64_t>(size);
}

std::int64_t control(HypercallZone& zone, ManagedZones& zones, const HypercallArguments& arguments,
                     std::span<char> scratch) {
    const auto [line_address, line_size, reply_address, reply_room] = arguments.values;
    if (!zone.has_control()) return refuse(HypercallError::forbidden);
    if (line_size > max_control_line) return refuse(HypercallError::bad_argument);
    std::array<char, max_control_line> line{};
    const std::span<char> copy{line.data(), static_cast<std::size_t>(line_size)};
    const GuestMemory& memory = zone.memory();
    // Both places are known to be good before anything is done.
    if (!memory.read_bytes(Gpa{line_address}, std::as_writable_bytes(copy)).has_value() ||
        !memory.slice(Gpa{reply_address}, reply_room).has_value()) {
        return refuse(HypercallError::bad_address);
    }
    if (reply_room < min_reply_room) return refuse(HypercallError::too_small);
    if (reply_room < scratch.size()) scratch = scratch.first(reply_room);
    const std::size_t size = serve_control(zones, {copy.data(), copy.size()}, scratch);
    const auto reply = std::as_bytes(scratch.first(size));
    if (!memory.write_bytes(Gpa{reply_address}, reply).has_value()) {
        return refuse(HypercallError::bad_address);
    }
    return static_cast<std::int64_t>(size);
}

}  // namespace

std::int64_t do_hypercall(HypercallZone& zone, ManagedZones& zones,
                          const HypercallArguments& arguments, std::span<char> scratch) {
    switch (static_cast<Hypercall>(arguments.number)) {
        case Hypercall::version:
            return hypercall_version;
        case Hypercall::console_write:
            return write_console(zone, arguments.values[0], arguments.values[1]);
        case Hypercall::control:
            return control(zone, zones, arguments, scratch);
    }
    return refuse(HypercallError::no_such_call);
}

}  // namespace lkvm::hv
