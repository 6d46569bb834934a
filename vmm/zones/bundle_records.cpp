// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/bundle_records.hpp"

#include <algorithm>
#include <span>
#include <string_view>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

/// PCH-PIC inputs of a zone that neither the platform nor virtio devices have.
constexpr unsigned free_pins[] = {3, 4, 5, 7, 16, 17, 18, 19, 0, 1};
static_assert(std::size(free_pins) >= bundle::max_passed);

class Record {
public:
    Record(const ZoneConfig& zone, std::size_t index)
        : zone_(zone)
        , index_(index) {}

    Outcome<bundle::Zone> make(const RamBanks& banks) {
        const MachineConfig& machine = zone_.machine;
        LKVM_CHECK(put("--zone", record_.name, machine.name));
        LKVM_CHECK(put("--params", record_.command_line, machine.command_line));
        LKVM_CHECK(fits("--cpus", machine.cpu_count, bundle::max_zone_cpus));
        LKVM_CHECK(fits("--disk", zone_.disks.size(), bundle::max_disks));
        LKVM_CHECK(fits("--network", zone_.ports.size(), bundle::max_ports));
        LKVM_CHECK(fits("--shm", zone_.regions.size(), bundle::max_regions));
        LKVM_CHECK(fits("--pass", zone_.passed.size(), bundle::max_passed));
        put_flags();
        record_.cpu_count = machine.cpu_count;
        std::ranges::copy(zone_.cpus, record_.cpus.begin());
        record_.bank_count = static_cast<std::uint32_t>(banks.size());
        for (std::size_t i = 0; i < banks.size(); ++i) {
            record_.banks[i] = {banks.all()[i].base.value, banks.all()[i].size};
        }
        for (const ZoneDisk& disk : zone_.disks) LKVM_CHECK(add_disk(disk));
        for (const ZonePort& port : zone_.ports) LKVM_CHECK(add_port(port));
        for (const ZoneRegion& region : zone_.regions) LKVM_CHECK(add_region(region));
        for (const ZonePassed& passed : zone_.passed) LKVM_CHECK(add_passed(passed));
        return record_;
    }

private:
    [[nodiscard]] Failure bad(std::string_view what) const {
        return usage_failure(text("--zone '", zone_.machine.name, "': ", what));
    }

    /// NUL-terminated text.
    Outcome<> put(std::string_view option, std::span<char> field, std::string_view value) const {
        if (value.size() >= field.size()) {
            return bad(text(option, ": ", value.size(), " characters, at most ", field.size() - 1,
                            " are possible"));
        }
        std::ranges::copy(value, field.begin());
        return {};
    }

    Outcome<> fits(std::string_view option, std::size_t count, std::size_t most) const {
        if (count <= most) return {};
        return bad(text(option, ": ", count, ", at most ", most, " are possible"));
    }

    void put_flags() {
        namespace flags = bundle::zone_flags;
        std::uint32_t value = 0;
        if (zone_.machine.devices.rng) value |= flags::rng;
        if (zone_.control) value |= flags::control;
        if (zone_.manual_start) value |= flags::manual_start;
        if (!zone_.cpus.empty()) value |= flags::pinned;
        if (zone_.machine.load_address.has_value()) {
            value |= flags::load_address;
            record_.load_address = *zone_.machine.load_address;
        }
        record_.flags = value;
        const auto console = zone_.machine.devices.console ? bundle::ConsoleKind::virtio
                                                           : bundle::ConsoleKind::serial;
        record_.console = static_cast<std::uint32_t>(console);
    }

    Outcome<> add_disk(const ZoneDisk& from) {
        bundle::Disk& disk = record_.disks[record_.disk_count];
        record_.disk_count = record_.disk_count + 1;
        const auto kind = from.path.empty() ? bundle::DiskKind::board : bundle::DiskKind::ram;
        disk.kind = static_cast<std::uint32_t>(kind);
        if (from.read_only) disk.flags = bundle::disk_flags::read_only;
        std::ranges::copy(from.serial, disk.serial.begin());
        disk.board_disk = from.board_disk;
        disk.first_sector = from.first_sector;
        disk.sector_count = from.sector_count;
        return {};
    }

    Outcome<> add_port(const ZonePort& from) {
        const std::uint32_t number = record_.port_count;
        bundle::Port& port = record_.ports[number];
        record_.port_count = number + 1;
        LKVM_CHECK(put("--network net", port.network, from.network));
        // "LK", zone and interface, locally administered.
        port.mac = from.mac.value_or(MacAddress{2, 'L', 'K', 0, static_cast<std::uint8_t>(index_),
                                                static_cast<std::uint8_t>(number)});
        port.mtu = from.mtu;
        return {};
    }

    Outcome<> add_region(const ZoneRegion& from) {
        bundle::Region& region = record_.regions[record_.region_count];
        record_.region_count = record_.region_count + 1;
        LKVM_CHECK(put("--shm", region.name, from.name));
        region.base = from.base;
        region.size = from.size;
        if (from.read_only) region.flags = bundle::region_flags::read_only;
        return {};
    }

    /// One that no device of the zone has yet; the description may still ask for it later, which
    /// the check of the records finds.
    std::uint32_t free_pin() const {
        for (const unsigned pin : free_pins) {
            bool taken = false;
            for (const ZonePassed& other : zone_.passed) taken |= other.guest_pin == pin;
            for (std::size_t i = 0; i + 1 < record_.passed_count; ++i) {
                taken |= record_.passed[i].guest_pin == pin;
            }
            if (!taken) return pin;
        }
        return free_pins[0];  // there are more than passed-through devices
    }

    Outcome<> add_passed(const ZonePassed& from) {
        bundle::Passed& passed = record_.passed[record_.passed_count];
        record_.passed_count = record_.passed_count + 1;
        passed.base = from.base;
        passed.size = from.size;
        passed.guest_base = from.guest_base;
        passed.interrupt = from.interrupt.value_or(bundle::no_interrupt);
        if (from.interrupt.has_value()) {
            passed.guest_pin = from.guest_pin.has_value() ? *from.guest_pin : free_pin();
        }
        if (from.dma) passed.flags = bundle::passed_flags::dma;
        return put("--pass compatible", passed.compatible, from.compatible);
    }

    const ZoneConfig& zone_;
    const std::size_t index_;
    bundle::Zone record_{};
};

}  // namespace

Outcome<bundle::Zone> make_zone_record(const ZoneConfig& zone, std::size_t index,
                                       const RamBanks& banks) {
    return Record(zone, index).make(banks);
}

}  // namespace lkvm::vmm
