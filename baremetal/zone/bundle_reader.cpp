// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/bundle_reader.hpp"

#include "baremetal/zone/zone.hpp"
#include "loongarch/boot/efi.hpp"

namespace lkvm::hv {
namespace {

bool inside(std::span<const std::byte> file, const bundle::Image& image) {
    return image.offset <= file.size() && image.size <= file.size() - image.offset;
}

bool terminated(std::span<const char> text) {
    for (const char c : text) {
        if (c == 0) return true;
    }
    return false;
}

bool acceptable(std::span<const std::byte> file, const bundle::Zone& zone) {
    return zone.cpu_count >= 1 && zone.cpu_count <= max_zone_cpus && zone.bank_count >= 1 &&
           zone.bank_count <= max_ram_banks && terminated(zone.name) &&
           terminated(zone.command_line) && inside(file, zone.kernel) && inside(file, zone.initrd);
}

}  // namespace

Result<std::span<const bundle::Zone>> read_bundle(std::span<const std::byte> file) {
    if (file.size() < sizeof(bundle::Header)) return fail(ErrorCode::truncated);
    // The loader aligned the file to more than any of its fields needs.
    const auto& header = *reinterpret_cast<const bundle::Header*>(file.data());
    if (header.magic != bundle::magic) return fail(ErrorCode::bad_format, 1);
    if (header.version != bundle::version) return fail(ErrorCode::bad_format, 2);
    if (header.size > file.size()) return fail(ErrorCode::truncated);
    file = file.first(header.size);
    if (header.zone_count < 1 || header.zone_count > bundle::max_zones) {
        return fail(ErrorCode::too_many, header.zone_count);
    }
    const std::span<const std::byte> rest = file.subspan(sizeof(bundle::Header));
    if (header.zone_count * sizeof(bundle::Zone) > rest.size()) return fail(ErrorCode::truncated);
    if (la::efi::crc32(rest) != header.crc) return fail(ErrorCode::bad_format, 3);
    const std::span zones{reinterpret_cast<const bundle::Zone*>(rest.data()),
                          static_cast<std::size_t>(header.zone_count.value())};
    for (std::size_t i = 0; i < zones.size(); ++i) {
        if (!acceptable(file, zones[i])) return fail(ErrorCode::out_of_range, i);
    }
    return zones;
}

}  // namespace lkvm::hv
