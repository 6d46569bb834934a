// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/bundle_printer.hpp"

#include <array>
#include <string_view>

#include "vmm/json/json.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

namespace flags = bundle::zone_flags;
using bundle::text_of;

bool has(const Le32& word, std::uint32_t flag) {
    return (word & flag) != 0;
}

std::string mac_text(const std::array<std::uint8_t, 6>& mac) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const std::uint8_t byte : mac) {
        if (!result.empty()) result += ':';
        result += digits[byte >> 4];
        result += digits[byte & 0xf];
    }
    return result;
}

/// With the largest unit that needs no fraction.
std::string size_text(std::uint64_t size) {
    constexpr std::array<std::string_view, 5> units{"B", "K", "M", "G", "T"};
    std::size_t unit = 0;
    while (unit + 1 < units.size() && size != 0 && size % 1024 == 0) {
        size /= 1024;
        ++unit;
    }
    return text(size, units[unit]);
}

bool is_board_disk(const bundle::Disk& disk) {
    return disk.kind == static_cast<std::uint32_t>(bundle::DiskKind::board);
}

class Lines {
public:
    explicit Lines(const bundle::Zone& zone)
        : zone_(zone) {}

    std::string print() {
        result_ = text("zone ", text_of(zone_.name), '\n');
        print_cpus();
        for (std::size_t i = 0; i < zone_.bank_count; ++i) {
            const bundle::Bank& bank = zone_.banks[i];
            line("memory", text(size_text(bank.size), '@', Hex{bank.base}));
        }
        const std::string load =
            has(zone_.flags, flags::load_address) ? text(", at ", Hex{zone_.load_address}) : "";
        line("kernel", text(zone_.kernel.size.value(), " bytes", load));
        if (zone_.initrd.size != 0) line("initrd", text(zone_.initrd.size.value(), " bytes"));
        line("params", std::string(text_of(zone_.command_line)));
        const bool serial =
            zone_.console == static_cast<std::uint32_t>(bundle::ConsoleKind::serial);
        line("console", serial ? "serial" : "virtio");
        for (std::size_t i = 0; i < zone_.disk_count; ++i) line("disk", disk_text(zone_.disks[i]));
        for (std::size_t i = 0; i < zone_.port_count; ++i) {
            const bundle::Port& port = zone_.ports[i];
            const std::string mtu = port.mtu != 0 ? text(", mtu ", port.mtu.value()) : "";
            line("network", text(text_of(port.network), ", mac ", mac_text(port.mac), mtu));
        }
        for (std::size_t i = 0; i < zone_.region_count; ++i) {
            const bundle::Region& region = zone_.regions[i];
            line("shared",
                 text(text_of(region.name), ", ", size_text(region.size), '@', Hex{region.base},
                      has(region.flags, bundle::region_flags::read_only) ? ", ro" : ""));
        }
        for (std::size_t i = 0; i < zone_.passed_count; ++i) {
            line("device", passed_text(zone_.passed[i]));
        }
        if (has(zone_.flags, flags::rng)) line("rng", "yes");
        if (has(zone_.flags, flags::control)) line("control", "yes");
        if (has(zone_.flags, flags::manual_start)) line("autostart", "no");
        return std::move(result_);
    }

private:
    void line(std::string_view name, std::string_view value) {
        constexpr std::size_t width = 10;
        result_ += "  ";
        result_ += name;
        result_.append(width - name.size(), ' ');
        result_ += value;
        result_ += '\n';
    }

    void print_cpus() {
        std::string value = text(zone_.cpu_count.value());
        if (has(zone_.flags, flags::pinned)) {
            for (std::size_t i = 0; i < zone_.cpu_count; ++i) {
                value += text(i == 0 ? ", physical " : ",", zone_.cpus[i].value());
            }
        }
        line("cpus", value);
    }

    static std::string disk_text(const bundle::Disk& disk) {
        std::string value = is_board_disk(disk)
                                ? text("board's disk ", disk.board_disk.value(), ", sectors ",
                                       disk.first_sector.value(), " to ",
                                       disk.first_sector + (disk.sector_count - 1))
                                : text("in memory, ", size_text(disk.image.size));
        if (has(disk.flags, bundle::disk_flags::read_only)) value += ", ro";
        if (!text_of(disk.serial).empty()) value += text(", serial ", text_of(disk.serial));
        return value;
    }

    static std::string passed_text(const bundle::Passed& passed) {
        std::string value = text(Hex{passed.base}, '-', Hex{passed.size});
        if (passed.guest_base != passed.base) value += text(", at ", Hex{passed.guest_base});
        if (passed.interrupt != bundle::no_interrupt) {
            value += text(", irq ", passed.interrupt.value(), ':', passed.guest_pin.value());
        }
        if (!text_of(passed.compatible).empty()) {
            value += text(", compatible ", text_of(passed.compatible));
        }
        if (has(passed.flags, bundle::passed_flags::dma)) value += ", dma";
        return value;
    }

    const bundle::Zone& zone_;
    std::string result_;
};

Json json_of(const bundle::Disk& disk) {
    Json json;
    json.add("kind", is_board_disk(disk) ? "board" : "ram");
    if (is_board_disk(disk)) {
        json.add("board_disk", disk.board_disk.value());
        json.add("first_sector", disk.first_sector.value());
        json.add("sector_count", disk.sector_count.value());
    } else {
        json.add("size", disk.image.size.value());
    }
    json.add("read_only", has(disk.flags, bundle::disk_flags::read_only));
    json.add("serial", text_of(disk.serial));
    return json;
}

Json json_of(const bundle::Port& port) {
    Json json;
    json.add("network", text_of(port.network));
    json.add("mac", mac_text(port.mac));
    json.add("mtu", unsigned{port.mtu.value()});
    return json;
}

Json json_of(const bundle::Region& region) {
    Json json;
    json.add("name", text_of(region.name));
    json.add("base", region.base.value());
    json.add("size", region.size.value());
    json.add("read_only", has(region.flags, bundle::region_flags::read_only));
    return json;
}

Json json_of(const bundle::Passed& passed) {
    Json json;
    json.add("base", passed.base.value());
    json.add("size", passed.size.value());
    json.add("guest_base", passed.guest_base.value());
    if (passed.interrupt != bundle::no_interrupt) {
        json.add("interrupt", passed.interrupt.value());
        json.add("guest_pin", passed.guest_pin.value());
    }
    json.add("compatible", text_of(passed.compatible));
    json.add("dma", has(passed.flags, bundle::passed_flags::dma));
    return json;
}

Json json_of(const bundle::Bank& bank) {
    Json json;
    json.add("base", bank.base.value());
    json.add("size", bank.size.value());
    return json;
}

template<class T, std::size_t most>
Json list_of(const std::array<T, most>& all, std::size_t count) {
    Json::Array list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(json_of(all[i]));
    return list;
}

Json json_of(const bundle::Zone& zone) {
    Json json;
    json.add("name", text_of(zone.name));
    json.add("cpus", zone.cpu_count.value());
    if (has(zone.flags, flags::pinned)) {
        Json::Array cpus;
        for (std::size_t i = 0; i < zone.cpu_count; ++i) cpus.emplace_back(zone.cpus[i].value());
        json.add("physical_cpus", std::move(cpus));
    }
    json.add("memory", list_of(zone.banks, zone.bank_count));
    json.add("kernel_size", zone.kernel.size.value());
    if (has(zone.flags, flags::load_address)) {
        json.add("load_address", zone.load_address.value());
    }
    json.add("initrd_size", zone.initrd.size.value());
    json.add("command_line", text_of(zone.command_line));
    const bool serial = zone.console == static_cast<std::uint32_t>(bundle::ConsoleKind::serial);
    json.add("console", serial ? "serial" : "virtio");
    json.add("disks", list_of(zone.disks, zone.disk_count));
    json.add("networks", list_of(zone.ports, zone.port_count));
    json.add("shared_memory", list_of(zone.regions, zone.region_count));
    json.add("devices", list_of(zone.passed, zone.passed_count));
    json.add("rng", has(zone.flags, flags::rng));
    json.add("control", has(zone.flags, flags::control));
    json.add("autostart", !has(zone.flags, flags::manual_start));
    return json;
}

}  // namespace

std::string print_bundle(std::span<const bundle::Zone> zones) {
    std::string result;
    for (const bundle::Zone& zone : zones) result += Lines(zone).print();
    return result;
}

std::string print_bundle_json(std::span<const bundle::Zone> zones) {
    Json::Array list;
    for (const bundle::Zone& zone : zones) list.push_back(json_of(zone));
    Json json;
    json.add("version", bundle::version);
    json.add("zones", std::move(list));
    return json.text() + '\n';
}

}  // namespace lkvm::vmm
