// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/bundle_reader.hpp"

#include <cstring>

#include "loongarch/boot/crc32.hpp"

namespace lkvm::la {
namespace {

/// `fault.zones` stays.
Error refuse(BundleFault& fault, BundleFault what) {
    what.zones = fault.zones;
    fault = what;
    return fail(ErrorCode::bad_format, static_cast<std::uint32_t>(what.problem));
}

Le64 word_at(std::span<const std::byte> file, std::uint64_t offset) {
    Le64 word;
    if (offset <= file.size() && sizeof(word) <= file.size() - offset) {
        std::memcpy(&word, file.data() + offset, sizeof(word));
    }
    return word;
}

std::uint32_t records_crc(const bundle::Header& header, std::span<const std::byte> records) {
    bundle::Header copy = header;
    copy.crc = 0;
    return crc32(records, crc32(std::as_bytes(std::span{&copy, 1})));
}

Result<> check_header(std::uint64_t file_size, const bundle::Header& header, BundleFault& fault) {
    using enum BundleProblem;
    if (header.magic != bundle::magic) return refuse(fault, {.problem = no_bundle});
    if (header.version != bundle::version) {
        return refuse(fault, {.problem = version, .value = header.version});
    }
    if (header.zone_size != sizeof(bundle::Zone)) {
        return refuse(fault, {.problem = unknown, .value = header.zone_size});
    }
    if (header.size > file_size) return refuse(fault, {.problem = truncated});
    if (header.zone_count < 1 || header.zone_count > bundle::max_zones) {
        return refuse(fault,
                      {.problem = count, .value = header.zone_count, .limit = bundle::max_zones});
    }
    const std::uint64_t head = sizeof(header) + header.zone_count * sizeof(bundle::Zone);
    if (header.size < head) return refuse(fault, {.problem = truncated});
    for (const Le64& reserved : header.reserved) {
        if (reserved != 0) return refuse(fault, {.problem = unknown, .value = reserved});
    }
    return {};
}

/// Images lie behind the records and inside the file.
class ImagePlaces {
public:
    ImagePlaces(std::span<const bundle::Zone> zones, std::uint64_t size, BundleFault& fault)
        : zones_(zones)
        , size_(size)
        , head_(sizeof(bundle::Header) + zones.size_bytes())
        , fault_(fault) {}

    Result<> check_all() const {
        for (std::size_t i = 0; i < zones_.size(); ++i) {
            const bundle::Zone& zone = zones_[i];
            LKVM_TRY(check(zone.kernel, {BundlePart::kernel, i}));
            LKVM_TRY(check(zone.initrd, {BundlePart::initrd, i}));
            for (std::size_t n = 0; n < zone.disk_count; ++n) {
                LKVM_TRY(check(zone.disks[n].image, {BundlePart::disk, i, n}));
                LKVM_TRY(check_writer(i, n));
            }
        }
        return {};
    }

private:
    Result<> check(const bundle::Image& image, BundleItem item) const {
        if (image.size == 0) return {};
        if (image.offset % bundle::image_alignment != 0) {
            return refuse(fault_, {.problem = BundleProblem::misaligned,
                                   .item = item,
                                   .limit = bundle::image_alignment});
        }
        if (image.offset < head_ || image.offset > size_ || image.size > size_ - image.offset) {
            return refuse(fault_, {.problem = BundleProblem::outside_file, .item = item});
        }
        if (image.reserved != 0) {
            return refuse(
                fault_, {.problem = BundleProblem::unknown, .item = item, .value = image.reserved});
        }
        return {};
    }

    /// A disk that is written to shares its bytes with nobody.
    Result<> check_writer(std::size_t zone, std::size_t disk) const {
        const bundle::Disk& mine = zones_[zone].disks[disk];
        if ((mine.flags & bundle::disk_flags::read_only) != 0 || mine.image.size == 0) return {};
        const BundleItem me{BundlePart::disk, zone, disk};
        for (std::size_t i = 0; i < zones_.size(); ++i) {
            const bundle::Zone& other = zones_[i];
            LKVM_TRY(check_apart(mine.image, me, other.kernel, {BundlePart::kernel, i}));
            LKVM_TRY(check_apart(mine.image, me, other.initrd, {BundlePart::initrd, i}));
            for (std::size_t n = 0; n < other.disk_count; ++n) {
                if (i == zone && n == disk) continue;
                LKVM_TRY(
                    check_apart(mine.image, me, other.disks[n].image, {BundlePart::disk, i, n}));
            }
        }
        return {};
    }

    Result<> check_apart(const bundle::Image& a, BundleItem item, const bundle::Image& b,
                         BundleItem other) const {
        if (a.size == 0 || b.size == 0) return {};
        // A distance below the size of the one that comes first; places are checked elsewhere.
        const bool overlap =
            a.offset <= b.offset ? b.offset - a.offset < a.size : a.offset - b.offset < b.size;
        if (!overlap) return {};
        return refuse(fault_, {.problem = BundleProblem::overlap, .item = item, .other = other});
    }

    std::span<const bundle::Zone> zones_;
    std::uint64_t size_;
    std::uint64_t head_;
    BundleFault& fault_;
};

/// Whether an image was already looked at for an earlier record.
bool seen_before(std::span<const bundle::Zone> zones, std::size_t zone,
                 const bundle::Image& image) {
    const auto same = [&image](const bundle::Image& other) {
        return other.offset == image.offset && other.size == image.size && other.crc == image.crc;
    };
    for (std::size_t i = 0; i < zone; ++i) {
        if (same(zones[i].kernel) || same(zones[i].initrd)) return true;
    }
    return false;
}

Result<> check_image(std::span<const std::byte> file, std::span<const bundle::Zone> zones,
                     const bundle::Image& image, const BundleItem& item, BundleFault& fault) {
    if (image.size == 0 || seen_before(zones, item.zone, image)) return {};
    if (crc32(image_bytes(file, image)) == image.crc) return {};
    return refuse(fault, {.problem = BundleProblem::damaged, .item = item});
}

}  // namespace

std::uint64_t bundle_offset(std::span<const std::byte> head) {
    constexpr std::uint32_t linux_magic = 0x818223cd;  // of the LoongArch boot protocol
    constexpr std::uint64_t linux_magic_offset = 0x38;
    if ((word_at(head, linux_magic_offset) & 0xffffffff) != linux_magic) return 0;
    return word_at(head, bundle::image_bundle_offset);
}

Result<std::span<const std::byte>> find_bundle(std::span<const std::byte> file) {
    const std::uint64_t offset = bundle_offset(file);
    if (word_at(file, offset) != bundle::magic) return fail(ErrorCode::not_found);
    return file.subspan(offset);
}

Result<std::span<const bundle::Zone>> read_bundle(std::span<const std::byte> file,
                                                  BundleFault& fault) {
    return read_bundle_head(file, file.size(), fault);
}

Result<std::span<const bundle::Zone>> read_bundle_head(std::span<const std::byte> head,
                                                       std::uint64_t file_size,
                                                       BundleFault& fault) {
    fault.zones = {};
    if (head.size() < sizeof(bundle::Header)) {
        return refuse(fault, {.problem = BundleProblem::truncated});
    }
    // The caller aligned the file to what its fields need.
    const auto& header = *reinterpret_cast<const bundle::Header*>(head.data());
    LKVM_TRY(check_header(file_size, header, fault));
    if (header.zone_count * sizeof(bundle::Zone) > head.size() - sizeof(header)) {
        return refuse(fault, {.problem = BundleProblem::truncated});
    }
    const std::span zones{reinterpret_cast<const bundle::Zone*>(&header + 1),
                          static_cast<std::size_t>(header.zone_count)};
    if (records_crc(header, std::as_bytes(zones)) != header.crc) {
        return refuse(fault, {.problem = BundleProblem::damaged});
    }
    LKVM_TRY(check_zones(zones, fault));
    fault.zones = zones;
    LKVM_TRY(ImagePlaces(zones, header.size, fault).check_all());
    return zones;
}

Result<> check_images(std::span<const std::byte> file, std::span<const bundle::Zone> zones,
                      BundleFault& fault) {
    fault.zones = zones;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        const bundle::Zone& zone = zones[i];
        LKVM_TRY(check_image(file, zones, zone.kernel, {BundlePart::kernel, i}, fault));
        LKVM_TRY(check_image(file, zones, zone.initrd, {BundlePart::initrd, i}, fault));
        for (std::size_t n = 0; n < zone.disk_count; ++n) {
            LKVM_TRY(
                check_image(file, zones, zone.disks[n].image, {BundlePart::disk, i, n}, fault));
        }
    }
    return {};
}

Result<CpuPlan> assign_cpus(std::span<const bundle::Zone> zones, std::span<const unsigned> board,
                            BundleFault& fault) {
    fault.zones = zones;
    CpuPlan plan{};
    const auto asked_for = [zones](unsigned cpu) {
        for (const bundle::Zone& zone : zones) {
            if ((zone.flags & bundle::zone_flags::pinned) == 0) continue;
            for (std::size_t n = 0; n < zone.cpu_count; ++n) {
                if (zone.cpus[n] == cpu) return true;
            }
        }
        return false;
    };
    const auto exists = [board](unsigned cpu) {
        for (const unsigned present : board) {
            if (present == cpu) return true;
        }
        return false;
    };
    std::size_t next = 0;
    for (std::size_t i = 0; i < zones.size(); ++i) {
        const bool pinned = (zones[i].flags & bundle::zone_flags::pinned) != 0;
        for (std::size_t n = 0; n < zones[i].cpu_count; ++n) {
            if (pinned) {
                const std::uint32_t cpu = zones[i].cpus[n];
                if (!exists(cpu)) {
                    return refuse(fault, {.problem = BundleProblem::no_such_cpu,
                                          .item = {BundlePart::cpu, i, cpu},
                                          .value = cpu});
                }
                plan[i][n] = cpu;
                continue;
            }
            while (next < board.size() && asked_for(board[next])) ++next;
            if (next == board.size()) {
                return refuse(fault, {.problem = BundleProblem::too_few_cpus,
                                      .item = {BundlePart::zone, i},
                                      .value = board.size()});
            }
            plan[i][n] = board[next++];
        }
    }
    return plan;
}

}  // namespace lkvm::la
