// SPDX-License-Identifier: GPL-2.0-or-later
// Bundles of any quality. The checksum is put right, so that what is behind it is reached.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/boot/crc32.hpp"
#include "vmm/zones/bundle_printer.hpp"

namespace {

using namespace lkvm;

void repair_checksum(std::span<std::byte> file) {
    if (file.size() < sizeof(bundle::Header)) return;
    bundle::Header header;
    std::memcpy(&header, file.data(), sizeof(header));
    const std::uint64_t records = header.zone_count * sizeof(bundle::Zone);
    if (header.zone_count > bundle::max_zones || records > file.size() - sizeof(header)) return;
    header.crc = 0;
    const std::uint32_t crc = la::crc32(std::as_bytes(std::span{&header, 1}));
    header.crc = la::crc32(file.subspan(sizeof(header), records), crc);
    std::memcpy(file.data(), &header, sizeof(header));
}

/// Everything that users of accepted records rely on.
void check(std::span<const std::byte> file, std::span<const bundle::Zone> zones) {
    for (const bundle::Zone& zone : zones) {
        LKVM_ASSERT(zone.cpu_count >= 1 && zone.cpu_count <= bundle::max_zone_cpus);
        LKVM_ASSERT(zone.disk_count <= bundle::max_disks);
        RamBanks banks;
        for (std::size_t i = 0; i < zone.bank_count; ++i) {
            LKVM_MUST(banks.add({Gpa{zone.banks[i].base}, zone.banks[i].size, nullptr}));
        }
        LKVM_ASSERT(la::image_bytes(file, zone.kernel).size() == zone.kernel.size);
        LKVM_ASSERT(la::image_bytes(file, zone.initrd).size() == zone.initrd.size);
        for (std::size_t i = 0; i < zone.disk_count; ++i) {
            LKVM_ASSERT(la::image_bytes(file, zone.disks[i].image).size() ==
                        zone.disks[i].image.size);
        }
        LKVM_ASSERT(!bundle::text_of(zone.name).empty());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto input = std::as_bytes(std::span{data, size});
    std::vector<std::byte> file(input.begin(), input.end());
    repair_checksum(file);
    la::BundleFault fault;
    const auto zones = la::read_bundle(file, fault);
    if (zones.has_value()) {
        check(file, *zones);
        static_cast<void>(vmm::print_bundle(*zones));
        static_cast<void>(vmm::print_bundle_json(*zones));
        static constexpr std::array<unsigned, 4> board{0, 1, 2, 5};
        static_cast<void>(la::check_images(file, *zones, fault));
        static_cast<void>(la::assign_cpus(*zones, board, fault));
    } else {
        LKVM_ASSERT(fault.problem != la::BundleProblem::none);
    }
    LKVM_ASSERT(!la::bundle_fault_text(fault).text().empty());
    if (const auto found = la::find_bundle(file); found.has_value()) {
        LKVM_ASSERT(found->size() <= file.size());
    }
    return 0;
}
