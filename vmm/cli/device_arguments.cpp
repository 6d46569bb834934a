// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/device_arguments.hpp"

#include <optional>
#include <utility>

#include "virtio/console/device.hpp"
#include "vmm/cli/fields.hpp"
#include "vmm/cli/number.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::size_t longest_serial = 20;
constexpr std::size_t longest_port_name = 64;

Failure bad_disk(std::string_view argument, std::string_view what) {
    return usage_failure(text("--disk '", argument, "': ", what));
}

}  // namespace

Outcome<DiskOptions> parse_disk(std::string_view argument) {
    DiskOptions disk;
    std::string_view rest = argument;
    disk.path = next_field(rest);
    if (disk.path.empty()) return bad_disk(argument, "expected FILE[,OPTION...]");
    if (argument.ends_with(',')) return bad_disk(argument, "nothing behind the last comma");
    while (!rest.empty()) {
        const std::string_view field = next_field(rest);
        if (field == "ro") {
            disk.read_only = true;
        } else if (field == "direct") {
            disk.direct = true;
        } else if (field == "packed") {
            disk.packed = true;
        } else if (const auto serial = value_of(field, "serial")) {
            if (serial->size() > longest_serial) {
                return bad_disk(argument, text("serial: at most ", longest_serial, " characters"));
            }
            disk.serial = *serial;
        } else if (const auto queues = value_of(field, "queues")) {
            const Number number = parse_number(*queues);
            if (number.error != NumberError::none || number.value < 1 ||
                number.value > max_disk_queues) {
                return bad_disk(argument,
                                text("queues: expected a number from 1 to ", max_disk_queues));
            }
            disk.queues = static_cast<unsigned>(number.value);
        } else if (field == "io=auto") {
            disk.io = DiskIo::automatic;
        } else if (field == "io=io_uring") {
            disk.io = DiskIo::uring;
        } else if (field == "io=threads") {
            disk.io = DiskIo::threads;
        } else {
            return bad_disk(argument,
                            text("unknown option '", field,
                                 "', expected ro, direct, packed, serial=TEXT, queues=N or "
                                 "io=auto|io_uring|threads"));
        }
    }
    return disk;
}

Outcome<std::vector<PortOptions>> check_ports(const std::vector<std::string>& arguments) {
    std::vector<PortOptions> ports;
    for (const std::string& argument : arguments) {
        const auto bad = [&argument](std::string_view what) {
            return usage_failure(text("--port '", argument, "': ", what));
        };
        const std::size_t comma = argument.find(',');
        if (comma == std::string::npos) return bad("expected NAME,PATH");
        PortOptions port{argument.substr(0, comma), argument.substr(comma + 1)};
        if (port.name.empty() || port.name.size() > longest_port_name) {
            return bad(text("the name has 1 to ", longest_port_name, " characters"));
        }
        if (port.path.empty()) return bad("expected NAME,PATH");
        for (const PortOptions& other : ports) {
            if (other.name == port.name) return bad("there is another port of that name");
        }
        ports.push_back(std::move(port));
    }
    if (ports.size() >= virtio::console::max_ports) {
        return usage_failure(text("--port: at most ", virtio::console::max_ports - 1, " ports"));
    }
    return ports;
}

}  // namespace lkvm::vmm
