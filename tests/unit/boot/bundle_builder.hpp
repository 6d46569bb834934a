// SPDX-License-Identifier: GPL-2.0-or-later
// A good bundle of two zones, which tests then spoil.
#pragma once

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include <lkvm/bundle.hpp>

#include "loongarch/boot/crc32.hpp"

namespace lkvm::test {

inline void put_text(std::span<char> field, std::string_view text) {
    std::memset(field.data(), 0, field.size());
    std::memcpy(field.data(), text.data(), std::min(text.size(), field.size()));
}

/// Zones a and b with two CPUs, a bank, a kernel, a RAM disk, a board disk, a network interface, a
/// shared region and a passed-through range each; they differ where they must.
class BundleBuilder {
public:
    BundleBuilder() {
        zones.resize(2);
        for (std::uint32_t i = 0; i < 2; ++i) {
            bundle::Zone& zone = zones[i];
            put_text(zone.name, i == 0 ? "a" : "b");
            zone.cpu_count = 2;
            zone.bank_count = 1;
            zone.banks[0] = {0x90000000, 0x10000000};
            put_text(zone.command_line, "console=ttyS0");
            zone.disk_count = 2;
            zone.disks[1].kind = static_cast<std::uint32_t>(bundle::DiskKind::board);
            zone.disks[1].first_sector = 1000 * i;
            zone.disks[1].sector_count = 1000;
            zone.port_count = 1;
            put_text(zone.ports[0].network, "lan");
            zone.ports[0].mac = {2, 0, 0, 0, 0, static_cast<std::uint8_t>(i)};
            zone.region_count = 1;
            put_text(zone.regions[0].name, "box");
            zone.regions[0].base = 0xa0000000 + 0x10000 * i;
            zone.regions[0].size = 0x10000;
            zone.passed_count = 1;
            zone.passed[0].base = 0x10010000 + 0x10000 * i;
            zone.passed[0].size = 0x4000;
            zone.passed[0].guest_base = 0x10010000;
            zone.passed[0].interrupt = 4 + i;
            zone.passed[0].guest_pin = 4;
        }
        const std::uint64_t start = first_image();
        zones[0].kernel = zones[1].kernel = {start, 100, 0, 0};
        zones[0].disks[0].image = {start + 0x1000, 0x1000, 0, 0};
        zones[1].disks[0].image = {start + 0x2000, 0x1000, 0, 0};
    }

    [[nodiscard]] static std::uint64_t first_image() { return 0x5000; }

    /// The file, with checksums as they must be.
    [[nodiscard]] std::vector<std::byte> file() const {
        std::vector<std::byte> bytes(first_image() + 0x3000);
        for (std::size_t i = first_image(); i < bytes.size(); ++i) {
            bytes[i] = static_cast<std::byte>(i * 7);
        }
        std::vector<bundle::Zone> records = zones;
        for (bundle::Zone& zone : records) {
            checksum(zone.kernel, bytes);
            checksum(zone.initrd, bytes);
            for (bundle::Disk& disk : zone.disks) checksum(disk.image, bytes);
        }
        bundle::Header head = header;
        head.magic = magic;
        head.zone_count = static_cast<std::uint32_t>(records.size());
        head.zone_size = sizeof(bundle::Zone);
        head.size = bytes.size();
        head.crc = 0;
        head.crc = la::crc32(std::as_bytes(std::span{records}),
                             la::crc32(std::as_bytes(std::span{&head, 1})));
        std::memcpy(bytes.data(), &head, sizeof(head));
        if (records.empty()) return bytes;
        std::memcpy(bytes.data() + sizeof(head), records.data(),
                    std::min(bytes.size() - sizeof(head), records.size() * sizeof(bundle::Zone)));
        return bytes;
    }

    std::vector<bundle::Zone> zones;
    bundle::Header header{.magic = {},
                          .version = bundle::version,
                          .zone_count = {},
                          .size = {},
                          .zone_size = {},
                          .crc = {},
                          .reserved = {}};
    std::uint64_t magic = bundle::magic;

private:
    static void checksum(bundle::Image& image, std::span<const std::byte> file) {
        const bool inside = image.offset <= file.size() && image.size <= file.size() - image.offset;
        image.crc = inside ? la::crc32(file.subspan(image.offset, image.size)) : 0;
    }
};

}  // namespace lkvm::test
