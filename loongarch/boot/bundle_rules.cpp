// SPDX-License-Identifier: GPL-2.0-or-later
// What zone records must fulfil, each alone and all together.
#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {
namespace {

namespace map = memory_map;
using bundle::Zone;
using enum BundleProblem;
using Part = BundlePart;

struct Window {
    std::uint64_t base;
    std::uint64_t size;
};

/// What the platform itself has in the MMIO area.
constexpr Window platform_windows[] = {
    {map::pch_pic_base.value, map::pch_pic_size},
    {map::rtc_pm_base.value, map::rtc_base.value - map::rtc_pm_base.value + map::rtc_size},
    {map::power_base.value, map::power_size},
    {map::virtio_base.value, max_virtio_slots* map::virtio_stride},
    {map::legacy_io_base.value, map::legacy_io_size},
    {map::boot_rom_base.value, map::boot_rom_size},
    {map::uart_base.value, map::uart_size},
};

bool overlaps(std::uint64_t first_a, std::uint64_t last_a, std::uint64_t first_b,
              std::uint64_t last_b) {
    return first_a <= last_b && first_b <= last_a;
}

bool overlaps(const BundleItem& a, const BundleItem& b) {
    return overlaps(a.first, a.last, b.first, b.last);
}

bool good_name(const bundle::Name& name) {
    const std::string_view text = bundle::text_of(name);
    if (text.empty() || text.size() == name.size()) return false;
    for (const char c : text) {
        const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
        if (!good) return false;
    }
    return true;
}

bool equal_names(const bundle::Name& a, const bundle::Name& b) {
    return bundle::text_of(a) == bundle::text_of(b);
}

/// Checks records in the order of `zones`; the first fault ends it.
class Rules {
public:
    Rules(std::span<const Zone> zones, BundleFault& fault)
        : zones_(zones)
        , fault_(fault) {}

    Result<> check_all() const {
        for (std::size_t i = 0; i < zones_.size(); ++i) LKVM_TRY(check_alone(i));
        for (std::size_t i = 0; i < zones_.size(); ++i) {
            LKVM_TRY(check_own_ranges(i));
            for (std::size_t other = 0; other <= i; ++other) LKVM_TRY(check_pair(i, other));
        }
        return {};
    }

private:
    Error refuse(const BundleFault& what) const {
        fault_ = what;
        fault_.zones = zones_;
        return fail(ErrorCode::bad_format, static_cast<std::uint32_t>(what.problem));
    }
    Error refuse(BundleProblem problem, const BundleItem& item, std::uint64_t value = 0,
                 std::uint64_t limit = 0) const {
        return refuse({.problem = problem, .item = item, .value = value, .limit = limit});
    }
    Error conflict(BundleProblem problem, const BundleItem& item, const BundleItem& other) const {
        return refuse({.problem = problem, .item = item, .other = other});
    }

    BundleItem bank(std::size_t zone, std::size_t n) const {
        const bundle::Bank& bank = zones_[zone].banks[n];
        return {Part::bank, zone, n, bank.base, bank.base + (bank.size - 1)};
    }
    BundleItem region(std::size_t zone, std::size_t n) const {
        const bundle::Region& region = zones_[zone].regions[n];
        return {Part::region, zone, n, region.base, region.base + (region.size - 1)};
    }
    /// Where the board has it, or the zone.
    BundleItem passed(std::size_t zone, std::size_t n, bool in_guest) const {
        const bundle::Passed& passed = zones_[zone].passed[n];
        const std::uint64_t base = in_guest ? passed.guest_base : passed.base;
        return {Part::passed, zone, n, base, base + (passed.size - 1)};
    }
    BundleItem board_disk(std::size_t zone, std::size_t n) const {
        const bundle::Disk& disk = zones_[zone].disks[n];
        return {Part::disk, zone, n, disk.first_sector,
                disk.first_sector + (disk.sector_count - 1)};
    }

    Result<> check_count(std::size_t zone, Part part, std::uint64_t count, std::uint64_t least,
                         std::uint64_t most) const {
        if (count >= least && count <= most) return {};
        return refuse(BundleProblem::count, {part, zone}, count, most);
    }

    Result<> check_alone(std::size_t i) const {
        const Zone& zone = zones_[i];
        const BundleItem me{Part::zone, i};
        if (!good_name(zone.name)) return refuse(name, me);
        if ((zone.flags & ~bundle::zone_flags::known) != 0) return refuse(unknown, me, zone.flags);
        if (zone.console > static_cast<std::uint32_t>(bundle::ConsoleKind::virtio)) {
            return refuse(unknown, me, zone.console);
        }
        LKVM_TRY(check_count(i, Part::zone, zone.cpu_count, 1, bundle::max_zone_cpus));
        LKVM_TRY(check_count(i, Part::zone, zone.bank_count, 1, max_ram_banks));
        LKVM_TRY(check_count(i, Part::zone, zone.disk_count, 0, bundle::max_disks));
        LKVM_TRY(check_count(i, Part::zone, zone.port_count, 0, bundle::max_ports));
        LKVM_TRY(check_count(i, Part::zone, zone.region_count, 0, bundle::max_regions));
        LKVM_TRY(check_count(i, Part::zone, zone.passed_count, 0, bundle::max_passed));
        if (bundle::text_of(zone.command_line).size() == zone.command_line.size()) {
            return refuse(text, {Part::command_line, i});
        }
        if (zone.kernel.size == 0) return refuse(empty, {Part::kernel, i});
        if ((zone.flags & bundle::zone_flags::load_address) != 0 &&
            zone.load_address % kernel_load_alignment != 0) {
            return refuse(misaligned, {Part::kernel, i}, zone.load_address, kernel_load_alignment);
        }
        for (std::size_t n = 0; n < zone.bank_count; ++n) {
            const bundle::Bank& range = zone.banks[n];
            LKVM_TRY(check_memory(bank(i, n), range.base, range.size, ram_bank_alignment));
        }
        for (std::size_t n = 0; n < zone.disk_count; ++n) LKVM_TRY(check_disk(i, n));
        for (std::size_t n = 0; n < zone.port_count; ++n) LKVM_TRY(check_port(i, n));
        for (std::size_t n = 0; n < zone.region_count; ++n) LKVM_TRY(check_region(i, n));
        for (std::size_t n = 0; n < zone.passed_count; ++n) LKVM_TRY(check_passed(i, n));
        return {};
    }

    Result<> check_range(const BundleItem& item, std::uint64_t base, std::uint64_t size,
                         std::uint64_t alignment) const {
        if (size == 0) return refuse(empty, item);
        if ((base | size) % alignment != 0) return refuse(misaligned, item, base, alignment);
        if (base >= zone_address_limit || size > zone_address_limit - base) {
            return refuse(beyond, item);
        }
        return {};
    }

    /// Where RAM may be.
    Result<> check_memory(const BundleItem& item, std::uint64_t base, std::uint64_t size,
                          std::uint64_t alignment) const {
        LKVM_TRY(check_range(item, base, size, alignment));
        if (overlaps(base, base + (size - 1), map::low_ram_end, map::high_ram_base - 1)) {
            return refuse(mmio_area, item);
        }
        return {};
    }

    Result<> check_disk(std::size_t i, std::size_t n) const {
        const bundle::Disk& disk = zones_[i].disks[n];
        const BundleItem me = board_disk(i, n);
        if ((disk.flags & ~bundle::disk_flags::known) != 0) return refuse(unknown, me, disk.flags);
        if (disk.reserved != 0 || disk.reserved2 != 0) return refuse(unknown, me, disk.reserved);
        if (disk.kind == static_cast<std::uint32_t>(bundle::DiskKind::ram)) {
            if (disk.image.size == 0) return refuse(empty, me);
            if (disk.image.size % bundle::image_alignment != 0) {
                return refuse(misaligned, me, disk.image.size, bundle::image_alignment);
            }
            return {};
        }
        if (disk.kind != static_cast<std::uint32_t>(bundle::DiskKind::board)) {
            return refuse(unknown, me, disk.kind);
        }
        if (disk.sector_count == 0) return refuse(empty, me);
        constexpr std::uint64_t most = UINT64_MAX / bundle::sector_size;
        if (disk.first_sector > most || disk.sector_count > most - disk.first_sector) {
            return refuse(beyond, me);
        }
        return {};
    }

    Result<> check_port(std::size_t i, std::size_t n) const {
        const bundle::Port& port = zones_[i].ports[n];
        const BundleItem me{Part::port, i, n};
        if (!good_name(port.network)) return refuse(name, me);
        constexpr std::uint8_t group_bit = 1;
        std::uint8_t any = 0;
        for (const std::uint8_t byte : port.mac) any |= byte;
        if (any == 0 || (port.mac[0] & group_bit) != 0) return refuse(mac, me);
        return {};
    }

    Result<> check_region(std::size_t i, std::size_t n) const {
        const bundle::Region& it = zones_[i].regions[n];
        const BundleItem me = region(i, n);
        if (!good_name(it.name)) return refuse(name, me);
        if ((it.flags & ~bundle::region_flags::known) != 0) return refuse(unknown, me, it.flags);
        if (it.reserved != 0) return refuse(unknown, me, it.reserved);
        return check_memory(me, it.base, it.size, bundle::page_size);
    }

    Result<> check_passed(std::size_t i, std::size_t n) const {
        const bundle::Passed& it = zones_[i].passed[n];
        const BundleItem me = passed(i, n, false);
        if ((it.flags & ~bundle::passed_flags::known) != 0) return refuse(unknown, me, it.flags);
        if (it.reserved != 0) return refuse(unknown, me, it.reserved);
        LKVM_TRY(check_range(me, it.base, it.size, bundle::page_size));
        LKVM_TRY(check_range(passed(i, n, true), it.guest_base, it.size, bundle::page_size));
        if (bundle::text_of(it.compatible).size() == it.compatible.size()) return refuse(text, me);
        for (const Window& window : platform_windows) {
            // Stage 2 gives away whole pages.
            const std::uint64_t first = window.base & ~(bundle::page_size - 1);
            const std::uint64_t last = (window.base + (window.size - 1)) | (bundle::page_size - 1);
            const BundleItem inside = passed(i, n, true);
            if (overlaps(inside.first, inside.last, first, last)) return refuse(platform, inside);
        }
        if (it.interrupt == bundle::no_interrupt) return {};
        if (it.guest_pin >= pins::count || it.guest_pin == pins::uart ||
            it.guest_pin == pins::rtc || is_virtio_pin(it.guest_pin)) {
            return refuse(pin, me, it.guest_pin);
        }
        return {};
    }

    static bool is_virtio_pin(unsigned pin) {
        for (unsigned slot = 0; slot < max_virtio_slots; ++slot) {
            if (virtio_slot(slot).pin == pin) return true;
        }
        return false;
    }

    /// Everything of a zone that has a place in its address space.
    struct Places {
        std::array<BundleItem, max_ram_banks + bundle::max_regions + bundle::max_passed> items{};
        std::size_t count = 0;
    };

    Result<> check_own_ranges(std::size_t i) const {
        const Zone& zone = zones_[i];
        Places places;
        const auto add = [&](const BundleItem& item) -> Result<> {
            for (std::size_t k = 0; k < places.count; ++k) {
                if (overlaps(places.items[k], item)) {
                    return conflict(overlap, item, places.items[k]);
                }
            }
            places.items[places.count++] = item;
            return {};
        };
        for (std::size_t n = 0; n < zone.bank_count; ++n) LKVM_TRY(add(bank(i, n)));
        for (std::size_t n = 0; n < zone.region_count; ++n) LKVM_TRY(add(region(i, n)));
        for (std::size_t n = 0; n < zone.passed_count; ++n) LKVM_TRY(add(passed(i, n, true)));
        return {};
    }

    /// What belongs to one only; with `other` == `i` inside a zone.
    Result<> check_pair(std::size_t i, std::size_t other) const {
        if (i != other) {
            if (equal_names(zones_[i].name, zones_[other].name)) {
                return conflict(same_name, {Part::zone, i}, {Part::zone, other});
            }
            if ((zones_[i].flags & zones_[other].flags & bundle::zone_flags::control) != 0) {
                return conflict(taken, {Part::control, i}, {Part::zone, other});
            }
        }
        LKVM_TRY(check_cpus(i, other));
        LKVM_TRY(check_disks(i, other));
        LKVM_TRY(check_ports(i, other));
        LKVM_TRY(check_regions(i, other));
        return check_passed_pair(i, other);
    }

    /// How many of the other's parts come before part `n` of zone `i`.
    static std::size_t before(std::size_t i, std::size_t other, std::size_t n, std::uint32_t all) {
        return i == other ? n : all;
    }

    Result<> check_cpus(std::size_t i, std::size_t other) const {
        const Zone& a = zones_[i];
        const Zone& b = zones_[other];
        if ((a.flags & b.flags & bundle::zone_flags::pinned) == 0) return {};
        for (std::size_t n = 0; n < a.cpu_count; ++n) {
            for (std::size_t k = 0; k < before(i, other, n, b.cpu_count); ++k) {
                if (a.cpus[n] != b.cpus[k]) continue;
                const BundleItem cpu{Part::cpu, i, a.cpus[n]};
                return conflict(taken, cpu, {Part::zone, other});
            }
        }
        return {};
    }

    Result<> check_disks(std::size_t i, std::size_t other) const {
        const Zone& a = zones_[i];
        const Zone& b = zones_[other];
        constexpr auto board = static_cast<std::uint32_t>(bundle::DiskKind::board);
        for (std::size_t n = 0; n < a.disk_count; ++n) {
            for (std::size_t k = 0; k < before(i, other, n, b.disk_count); ++k) {
                const bundle::Disk& mine = a.disks[n];
                const bundle::Disk& yours = b.disks[k];
                const bool both_read = (mine.flags & yours.flags & bundle::disk_flags::read_only);
                if (mine.kind != board || yours.kind != board || both_read ||
                    mine.board_disk != yours.board_disk) {
                    continue;
                }
                const BundleItem me = board_disk(i, n);
                const BundleItem you = board_disk(other, k);
                if (overlaps(me, you)) return conflict(overlap, me, you);
            }
        }
        return {};
    }

    Result<> check_ports(std::size_t i, std::size_t other) const {
        const Zone& a = zones_[i];
        const Zone& b = zones_[other];
        for (std::size_t n = 0; n < a.port_count; ++n) {
            for (std::size_t k = 0; k < before(i, other, n, b.port_count); ++k) {
                if (!equal_names(a.ports[n].network, b.ports[k].network)) continue;
                if (a.ports[n].mac != b.ports[k].mac) continue;
                return conflict(same_mac, {Part::port, i, n}, {Part::port, other, k});
            }
        }
        return {};
    }

    Result<> check_regions(std::size_t i, std::size_t other) const {
        const Zone& a = zones_[i];
        const Zone& b = zones_[other];
        for (std::size_t n = 0; n < a.region_count; ++n) {
            for (std::size_t k = 0; k < before(i, other, n, b.region_count); ++k) {
                if (!equal_names(a.regions[n].name, b.regions[k].name)) continue;
                const BundleItem me = region(i, n);
                const BundleItem you = region(other, k);
                if (i == other) return conflict(same_name, me, you);
                if (a.regions[n].size != b.regions[k].size) {
                    return conflict(size_differs, me, you);
                }
            }
        }
        return {};
    }

    Result<> check_passed_pair(std::size_t i, std::size_t other) const {
        const Zone& a = zones_[i];
        const Zone& b = zones_[other];
        for (std::size_t n = 0; n < a.passed_count; ++n) {
            for (std::size_t k = 0; k < before(i, other, n, b.passed_count); ++k) {
                const BundleItem me = passed(i, n, false);
                const BundleItem you = passed(other, k, false);
                if (overlaps(me, you)) return conflict(overlap, me, you);
                const bundle::Passed& mine = a.passed[n];
                const bundle::Passed& yours = b.passed[k];
                if (mine.interrupt == bundle::no_interrupt ||
                    yours.interrupt == bundle::no_interrupt) {
                    continue;
                }
                if (mine.interrupt == yours.interrupt) {
                    return conflict(taken, {Part::interrupt, i, n, mine.interrupt, 0}, you);
                }
                if (i == other && mine.guest_pin == yours.guest_pin) {
                    return refuse(pin, me, mine.guest_pin);
                }
            }
        }
        return {};
    }

    std::span<const Zone> zones_;
    BundleFault& fault_;
};

}  // namespace

Result<> check_zones(std::span<const bundle::Zone> zones, BundleFault& fault) {
    return Rules(zones, fault).check_all();
}

}  // namespace lkvm::la
