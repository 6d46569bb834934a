// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/zone_arguments.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <lkvm/bundle.hpp>

#include "vmm/cli/device_arguments.hpp"
#include "vmm/cli/fields.hpp"
#include "vmm/cli/network_arguments.hpp"
#include "vmm/cli/number.hpp"
#include "vmm/cli/run_options.hpp"
#include "vmm/text.hpp"

#include <CLI/CLI.hpp>

namespace lkvm::vmm {
namespace {

/// Options of run that mean something for a zone.
constexpr std::array<std::string_view, 13> shared_options{
    "--help", "--kernel", "image",     "--initrd", "--params",  "--nodefaults", "--mem",
    "--disk", "--rng",    "--network", "--cpus",   "--console", "--load"};

/// Options that only zones have, as typed.
struct OwnOptions {
    std::vector<std::string> regions;
    std::vector<std::string> passed;
    std::string cpus;
    bool control = false;
    bool manual_start = false;
};

constexpr const char* own_group = "OPTIONS OF ZONES ONLY";

void add_own_options(CLI::App& app, OwnOptions& options) {
    const std::size_t before = app.get_options().size();
    app.add_option("--shm", options.regions,
                   "Memory shared with the zones that name it too; option ro; repeat for more")
        ->type_name("NAME,SIZE@ADDRESS[,ro]")
        ->allow_extra_args(false);
    app.add_option("--pass", options.passed,
                   "Device of the board for this zone alone; options irq=N[:PIN], at=ADDRESS, "
                   "compatible=TEXT, dma; repeat for more")
        ->type_name("BASE-SIZE[,OPTION...]")
        ->allow_extra_args(false);
    app.add_option("--pin", options.cpus, "Physical CPUs, one for each of --cpus")
        ->type_name("CPU[,CPU...]");
    app.add_flag("--control", options.control, "Let this zone manage the others");
    app.add_flag("--no-autostart", options.manual_start, "Do not start this zone at boot");
    const std::vector<CLI::Option*> all = app.get_options();
    for (std::size_t i = before; i < all.size(); ++i) all[i]->group(own_group);
}

std::optional<std::uint64_t> size_of(std::string_view digits) {
    const Number number = parse_size(digits, Unit::byte);
    if (number.error != NumberError::none) return std::nullopt;
    return number.value;
}

std::optional<std::uint64_t> number_below(std::string_view digits, std::uint64_t limit) {
    const Number number = parse_number(digits);
    if (number.error != NumberError::none || number.value >= limit) return std::nullopt;
    return number.value;
}

/// An option's argument, for messages.
struct Argument {
    std::string_view option;
    std::string_view text;

    [[nodiscard]] Failure bad(std::string_view what) const {
        return usage_failure(vmm::text(option, " '", text, "': ", what));
    }
    /// For lists, as cutting fields off does not see it.
    [[nodiscard]] Outcome<> check_end() const {
        if (text.ends_with(',')) return bad("nothing behind the last comma");
        return {};
    }
};

/// board=N,first=SECTOR,count=SECTORS[,ro][,serial=TEXT]
Outcome<ZoneDisk> parse_board_disk(const Argument& argument) {
    ZoneDisk disk;
    LKVM_CHECK(argument.check_end());
    std::string_view rest = argument.text;
    while (!rest.empty()) {
        const std::string_view field = next_field(rest);
        std::optional<std::uint64_t> number;
        if (field == "ro") {
            disk.read_only = true;
        } else if (const auto serial = value_of(field, "serial")) {
            if (serial->size() > bundle::serial_size) {
                return argument.bad(text("serial: at most ", bundle::serial_size, " characters"));
            }
            disk.serial = *serial;
        } else if (const auto board = value_of(field, "board")) {
            number = number_below(*board, UINT32_MAX);
            disk.board_disk = static_cast<unsigned>(number.value_or(0));
            if (!number.has_value()) return argument.bad("board: expected the number of a disk");
        } else if (const auto first = value_of(field, "first")) {
            number = number_below(*first, UINT64_MAX);
            disk.first_sector = number.value_or(0);
            if (!number.has_value()) return argument.bad("first: expected a number of sectors");
        } else if (const auto count = value_of(field, "count")) {
            number = number_below(*count, UINT64_MAX);
            disk.sector_count = number.value_or(0);
            if (!number.has_value()) return argument.bad("count: expected a number of sectors");
        } else {
            return argument.bad(text("unknown option '", field,
                                     "', expected board=N, first=SECTOR, count=SECTORS, ro or "
                                     "serial=TEXT"));
        }
    }
    if (disk.sector_count == 0) return argument.bad("expected count=SECTORS");
    return disk;
}

Outcome<ZoneDisk> parse_zone_disk(const std::string& typed) {
    const Argument argument{"--disk", typed};
    if (typed.starts_with("board=")) {
        ZoneDisk disk = LKVM_CHECK(parse_board_disk(argument));
        disk.argument = typed;
        return disk;
    }
    const DiskOptions options = LKVM_CHECK(parse_disk(typed));
    if (options.direct || options.packed || options.queues != 0 ||
        options.io != DiskIo::automatic) {
        return argument.bad("disks of zones have only the options ro and serial");
    }
    ZoneDisk disk;
    disk.argument = typed;
    disk.path = options.path;
    disk.read_only = options.read_only;
    disk.serial = options.serial;
    return disk;
}

Outcome<ZoneRegion> parse_region(const std::string& typed) {
    const Argument argument{"--shm", typed};
    LKVM_CHECK(argument.check_end());
    std::string_view rest = typed;
    ZoneRegion region;
    region.name = next_field(rest);
    const ParsedMemory place = parse_memory(next_field(rest));
    if (place.error != NumberError::none || !place.request.base.has_value()) {
        return argument.bad("expected NAME,SIZE[BKMGTP]@ADDRESS");
    }
    region.base = *place.request.base;
    region.size = place.request.size;
    region.read_only = rest == "ro";
    if (!rest.empty() && !region.read_only) return argument.bad("expected ro behind the address");
    return region;
}

/// N[:PIN]
bool parse_interrupt(std::string_view value, ZonePassed& passed) {
    const std::size_t colon = value.find(':');
    const auto number = number_below(value.substr(0, colon), UINT32_MAX);
    if (!number.has_value()) return false;
    passed.interrupt = static_cast<unsigned>(*number);
    if (colon == std::string_view::npos) return true;
    const auto pin = number_below(value.substr(colon + 1), UINT32_MAX);
    if (!pin.has_value()) return false;
    passed.guest_pin = static_cast<unsigned>(*pin);
    return true;
}

Outcome<ZonePassed> parse_passed(const std::string& typed) {
    const Argument argument{"--pass", typed};
    LKVM_CHECK(argument.check_end());
    std::string_view rest = typed;
    const std::string_view range = next_field(rest);
    const std::size_t dash = range.find('-');
    const auto base = size_of(range.substr(0, dash));
    const auto size = dash == std::string_view::npos ? std::optional<std::uint64_t>{}
                                                     : size_of(range.substr(dash + 1));
    if (!base.has_value() || !size.has_value()) {
        return argument.bad("expected BASE-SIZE such as 0x10080000-0x4000");
    }
    ZonePassed passed;
    passed.base = passed.guest_base = *base;
    passed.size = *size;
    while (!rest.empty()) {
        const std::string_view field = next_field(rest);
        if (field == "dma") {
            passed.dma = true;
        } else if (const auto interrupt = value_of(field, "irq")) {
            if (!parse_interrupt(*interrupt, passed)) {
                return argument.bad("irq: expected the board's interrupt N or N:PIN");
            }
        } else if (const auto at = value_of(field, "at")) {
            const auto address = size_of(*at);
            if (!address.has_value()) return argument.bad("at: expected an address");
            passed.guest_base = *address;
        } else if (const auto compatible = value_of(field, "compatible")) {
            passed.compatible = *compatible;
            // Vendor and device have a comma between them.
            std::string_view after = rest;
            const std::string_view device = next_field(after);
            if (!device.empty() && device != "dma" && device.find('=') == std::string_view::npos) {
                passed.compatible.append(",").append(device);
                rest = after;
            }
            if (passed.compatible.size() >= bundle::compatible_size) {
                return argument.bad(
                    text("compatible: at most ", bundle::compatible_size - 1, " characters"));
            }
        } else {
            return argument.bad(
                text("unknown option '", field, "', expected irq, at, compatible or dma"));
        }
    }
    return passed;
}

Outcome<std::vector<unsigned>> parse_pins(const std::string& typed, unsigned cpu_count) {
    std::vector<unsigned> cpus;
    const Argument argument{"--pin", typed};
    LKVM_CHECK(argument.check_end());
    std::string_view rest = typed;
    while (!rest.empty()) {
        const auto number = number_below(next_field(rest), UINT32_MAX);
        if (!number.has_value()) return argument.bad("expected numbers of CPUs");
        cpus.push_back(static_cast<unsigned>(*number));
    }
    if (!cpus.empty() && cpus.size() != cpu_count) {
        return argument.bad(text(cpus.size(), " CPUs for a zone with ", cpu_count));
    }
    return cpus;
}

Outcome<ZoneConfig> check_options(RunOptions& run, const OwnOptions& own) {
    ZoneConfig zone;
    for (const std::string& disk : std::exchange(run.disks, {})) {
        zone.disks.push_back(LKVM_CHECK(parse_zone_disk(disk)));
    }
    for (const std::string& network : std::exchange(run.networks, {"mode=none"})) {
        const auto options = LKVM_CHECK(parse_network(network));
        if (!options.has_value()) continue;
        if (options->mode != NetMode::zones) {
            return Argument{"--network", network}.bad("zones have only mode=zones,net=NAME");
        }
        zone.ports.push_back({options->network_name, options->mac, options->mtu});
    }
    for (const std::string& region : own.regions) {
        zone.regions.push_back(LKVM_CHECK(parse_region(region)));
    }
    for (const std::string& passed : own.passed) {
        zone.passed.push_back(LKVM_CHECK(parse_passed(passed)));
    }
    zone.machine = LKVM_CHECK(check_run_options(run)).machine;
    zone.cpus = LKVM_CHECK(parse_pins(own.cpus, zone.machine.cpu_count));
    zone.control = own.control;
    zone.manual_start = own.manual_start;
    return zone;
}

Outcome<ZoneConfig> parse(std::vector<const char*>& options) {
    CLI::App app;
    RunOptions run;
    OwnOptions own;
    app.set_help_flag();
    add_run_options(app, run);
    add_own_options(app, own);
    try {
        options.insert(options.begin(), "lkvm");
        app.parse(static_cast<int>(options.size()), options.data());
    } catch (const CLI::Error& error) {
        return usage_failure(text(one_line(error.what()), " (see 'lkvm help pack')"));
    }
    for (const CLI::Option* const option : app.get_options()) {
        if (option->count() == 0) continue;
        const std::string name = option->get_name();
        if (option->get_group() != own_group &&
            std::ranges::find(shared_options, name) == shared_options.end()) {
            return usage_failure(text(name, ": not for zones"));
        }
    }
    return check_options(run, own);
}

}  // namespace

Outcome<ZoneConfig> parse_zone(const std::string& name, std::vector<const char*> options) {
    Outcome<ZoneConfig> zone = parse(options);
    if (!zone.has_value()) {
        return usage_failure(text("--zone '", name, "': ", zone.failure().message));
    }
    zone.value().machine.name = name;
    return zone;
}

std::string zone_options_help() {
    CLI::App app;
    OwnOptions own;
    add_own_options(app, own);
    app.set_help_flag();
    // Behind CLI11's line of usage: that of pack is another.
    const std::string help = app.help();
    const std::size_t group = help.find(own_group);
    return group == std::string::npos ? help : help.substr(group);
}

}  // namespace lkvm::vmm
