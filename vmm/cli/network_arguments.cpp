// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/network_arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "vmm/cli/number.hpp"
#include "vmm/host/network.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

/// Cuts the text up to the separator off the front; without one, everything.
std::string_view next_field(std::string_view& rest, char separator) {
    const std::size_t end = rest.find(separator);
    const std::string_view field = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return field;
}

std::optional<std::uint64_t> number_between(std::string_view digits, std::uint64_t least,
                                            std::uint64_t most) {
    const Number number = parse_number(digits);
    if (number.error != NumberError::none || number.value < least || number.value > most) {
        return std::nullopt;
    }
    return number.value;
}

/// Digits of the given base only, no sign.
std::optional<unsigned> plain_number(std::string_view digits, int base, unsigned most) {
    unsigned value = 0;
    const char* const end = digits.data() + digits.size();
    const auto result = std::from_chars(digits.data(), end, value, base);
    if (result.ec != std::errc{} || result.ptr != end || value > most) return std::nullopt;
    return value;
}

std::optional<MacAddress> parse_mac(std::string_view text) {
    if (text.ends_with(':')) return std::nullopt;
    MacAddress mac{};
    for (std::size_t i = 0; i < mac.size(); ++i) {
        const std::string_view field = next_field(text, ':');
        const auto value = plain_number(field, 16, 0xff);
        if (field.size() != 2 || !value.has_value()) return std::nullopt;
        if (text.empty() != (i + 1 == mac.size())) return std::nullopt;
        mac[i] = static_cast<std::uint8_t>(*value);
    }
    constexpr std::uint8_t group_bit = 1;
    if ((mac[0] & group_bit) != 0 || mac == MacAddress{}) return std::nullopt;
    return mac;
}

std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
    if (text.ends_with('.')) return std::nullopt;
    std::uint32_t address = 0;
    constexpr int bytes = 4;
    for (int i = 0; i < bytes; ++i) {
        const auto value = plain_number(next_field(text, '.'), 10, 255);
        if (!value.has_value() || text.empty() != (i + 1 == bytes)) return std::nullopt;
        address = address << 8 | *value;
    }
    return address;
}

/// "[ADDRESS]:PORT"; no address is 0.
bool parse_end_point(std::string_view text, std::uint32_t& address, std::uint16_t& port) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return false;
    std::string_view host = text.substr(0, colon);
    // As in URLs, though there is nothing inside that would need it.
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    }
    address = 0;
    if (!host.empty()) {
        const auto parsed = parse_ipv4(host);
        if (!parsed.has_value()) return false;
        address = *parsed;
    }
    const auto number = plain_number(text.substr(colon + 1), 10, 65535);
    if (!number.has_value() || *number == 0) return false;
    port = static_cast<std::uint16_t>(*number);
    return true;
}

/// tcp:[ADDRESS]:PORT-[ADDRESS]:PORT
std::optional<PortForward> parse_forward(std::string_view text) {
    PortForward forward;
    const std::string_view protocol = next_field(text, ':');
    if (protocol != "tcp" && protocol != "udp") return std::nullopt;
    forward.udp = protocol == "udp";
    const std::string_view host = next_field(text, '-');
    if (!parse_end_point(host, forward.host_address, forward.host_port) ||
        !parse_end_point(text, forward.guest_address, forward.guest_port)) {
        return std::nullopt;
    }
    return forward;
}

/// One --network while it is being read.
struct Reading {
    std::string_view argument;
    NetOptions options;
    bool none = false;
    bool queues_given = false;
    std::string_view user_only;  // an option that only mode=user has
    std::string_view tap_only;   // an option that only mode=tap has

    [[nodiscard]] Failure bad(std::string_view what) const {
        return usage_failure(text("--network '", argument, "': ", what));
    }

    Outcome<> read_mode(std::string_view value) {
        if (value != "user" && value != "tap" && value != "zones" && value != "none") {
            return bad(text("mode: expected user, tap, zones or none, not '", value, "'"));
        }
        options.mode = value == "tap"     ? NetMode::tap
                       : value == "zones" ? NetMode::zones
                                          : NetMode::user;
        none = value == "none";
        return {};
    }

    Outcome<> read_mac(std::string_view value) {
        options.mac = parse_mac(value);
        if (!options.mac.has_value()) {
            return bad("mac: expected six bytes such as 02:00:00:00:00:01, the first one even");
        }
        return {};
    }

    Outcome<> read_mtu(std::string_view value) {
        const auto number = number_between(value, min_mtu, max_mtu);
        if (!number.has_value()) {
            return bad(text("mtu: expected a number from ", min_mtu, " to ", max_mtu));
        }
        options.mtu = static_cast<std::uint16_t>(*number);
        return {};
    }

    Outcome<> read_queues(std::string_view value) {
        const auto number = number_between(value, 1, max_net_queues);
        if (!number.has_value()) {
            return bad(text("queues: expected a number from 1 to ", max_net_queues));
        }
        options.queues = static_cast<unsigned>(*number);
        queues_given = true;
        return {};
    }

    Outcome<> read_forward(std::string_view value) {
        const auto forward = parse_forward(value);
        if (!forward.has_value()) {
            return bad(
                "hostfwd: expected tcp|udp:[ADDRESS]:PORT-[ADDRESS]:PORT such as "
                "tcp:127.0.0.1:2222-:22");
        }
        options.forwards.push_back(*forward);
        user_only = "hostfwd";
        return {};
    }

    Outcome<> read_interface(std::string_view value) {
        if (value.empty() || value.find('/') != std::string_view::npos) {
            return bad("ifname: expected the name of a network interface");
        }
        options.interface_name = value;
        tap_only = "ifname";
        return {};
    }

    Outcome<> read_fd(std::string_view value) {
        const auto number = number_between(value, 0, INT32_MAX);
        if (!number.has_value()) return bad("fd: expected the number of an open tap interface");
        const int fd = static_cast<int>(*number);
        if (std::ranges::count(options.fds, fd) != 0) {
            return bad(text("fd=", fd, " is given twice"));
        }
        if (options.fds.size() == max_net_queues) {
            return bad(text("fd: at most ", max_net_queues));
        }
        options.fds.push_back(fd);
        tap_only = "fd";
        return {};
    }

    Outcome<> read_net(std::string_view value) {
        if (value.empty()) return bad("net: expected the name of a network of zones");
        options.network_name = value;
        return {};
    }

    Outcome<> finish() {
        if (none) return {};
        if ((options.mode == NetMode::zones) != !options.network_name.empty()) {
            return bad("mode=zones and net=NAME go together");
        }
        if (options.mode == NetMode::zones) {
            if (user_only.empty() && tap_only.empty() && !queues_given && !options.packed)
                return {};
            return bad("with mode=zones only net, mac and mtu are possible");
        }
        if (options.mode == NetMode::tap && !user_only.empty()) {
            return bad(text(user_only, ": only with mode=user"));
        }
        if (options.mode == NetMode::user && !tap_only.empty()) {
            return bad(text(tap_only, ": only with mode=tap"));
        }
        if (!options.fds.empty()) {
            if (!options.interface_name.empty()) return bad("either ifname or fd");
            const auto count = static_cast<unsigned>(options.fds.size());
            if (queues_given && options.queues != count) {
                return bad(text("queues=", options.queues, " and ", count, " times fd"));
            }
            options.queues = count;
        }
        return {};
    }
};

struct Field {
    std::string_view name;
    Outcome<> (Reading::*read)(std::string_view value);
};

constexpr std::array<Field, 10> fields{{{"mode", &Reading::read_mode},
                                        {"net", &Reading::read_net},
                                        {"mac", &Reading::read_mac},
                                        {"guest_mac", &Reading::read_mac},
                                        {"mtu", &Reading::read_mtu},
                                        {"queues", &Reading::read_queues},
                                        {"hostfwd", &Reading::read_forward},
                                        {"ifname", &Reading::read_interface},
                                        {"tapif", &Reading::read_interface},
                                        {"fd", &Reading::read_fd}}};

}  // namespace

Outcome<std::optional<NetOptions>> parse_network(std::string_view argument) {
    Reading reading;
    reading.argument = argument;
    reading.options.argument = argument;
    if (argument.empty()) return reading.bad("expected mode=MODE[,OPTION...]");
    if (argument.ends_with(',')) return reading.bad("nothing behind the last comma");
    std::string_view rest = argument;
    while (!rest.empty()) {
        std::string_view value = next_field(rest, ',');
        if (value == "packed") {
            reading.options.packed = true;
            continue;
        }
        const std::string_view name = next_field(value, '=');
        const auto found = std::ranges::find(fields, name, &Field::name);
        if (found == fields.end()) {
            return reading.bad(text("unknown option '", name,
                                    "', expected mode, mac, mtu, queues, packed, hostfwd, ifname "
                                    "or fd"));
        }
        LKVM_CHECK((reading.*found->read)(value));
    }
    LKVM_CHECK(reading.finish());
    if (reading.none) return std::optional<NetOptions>{};
    return std::optional{std::move(reading.options)};
}

Outcome<std::vector<NetOptions>> check_networks(const std::vector<std::string>& arguments) {
    std::vector<NetOptions> networks;
    for (const std::string& argument : arguments) {
        std::optional<NetOptions> network = LKVM_CHECK(parse_network(argument));
        if (network.has_value()) networks.push_back(std::move(*network));
    }
    if (arguments.empty() && user_network_available())
        networks.emplace_back().argument = "mode=user";
    return networks;
}

}  // namespace lkvm::vmm
