// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/bundle_file.hpp"

#include <algorithm>
#include <utility>

#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/boot/crc32.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "vmm/boot/kernel_file.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

constexpr std::size_t image_head_size = 0x40;

std::string fault_text(const la::BundleFault& fault) {
    return std::string(la::bundle_fault_text(fault).text());
}

}  // namespace

Outcome<BundleFile> BundleFile::open(const std::string& option, const std::string& path) {
    BundleFile bundle(option, path, LKVM_CHECK(InputFile::open(option, path)));
    LKVM_CHECK(bundle.find_start());
    LKVM_CHECK(bundle.read_records());
    return bundle;
}

Outcome<> BundleFile::find_start() {
    size_ = LKVM_CHECK(file_.size());
    // The bundle's place in an image is in the image's head; what is there is looked at later.
    std::vector<std::byte> head(std::min<std::uint64_t>(size_, image_head_size));
    LKVM_CHECK(file_.read(head, 0));
    start_ = la::bundle_offset(head);
    if (start_ >= size_) {
        return file_.failure("the file is truncated: it ends before the bundle in it");
    }
    size_ -= start_;
    return {};
}

Outcome<> BundleFile::read_records() {
    std::vector<std::byte> head(std::min<std::uint64_t>(size_, la::bundle_head_size));
    LKVM_CHECK(file_.read(head, start_));
    la::BundleFault fault;
    const auto zones = la::read_bundle_head(head, size_, fault);
    if (!zones.has_value()) return file_.failure(fault_text(fault));
    zones_.assign(zones->begin(), zones->end());
    return {};
}

Outcome<const bundle::Zone*> BundleFile::find(const std::string& name) const {
    std::string names;
    for (const bundle::Zone& zone : zones_) {
        if (bundle::text_of(zone.name) == name) return &zone;
        if (!names.empty()) names += ", ";
        names += bundle::text_of(zone.name);
    }
    return usage_failure(
        text("--zone '", name, "': not in ", option_, " '", path_, "', which has ", names));
}

Outcome<> BundleFile::read(const bundle::Image& image, std::uint64_t offset,
                           std::span<std::byte> to) const {
    LKVM_ASSERT(offset <= image.size && to.size() <= image.size - offset);
    return file_.read(to, start_ + image.offset + offset);
}

Outcome<std::vector<std::byte>> BundleFile::read_image(const bundle::Image& image) const {
    std::vector<std::byte> bytes(image.size);
    LKVM_CHECK(read(image, 0, bytes));
    return bytes;
}

Outcome<> BundleFile::check_images() const {
    for (const bundle::Zone& zone : zones_) LKVM_CHECK(check_zone(zone));
    return {};
}

Outcome<> BundleFile::check_zone(const bundle::Zone& zone) const {
    const auto failure = [&](std::string_view part, std::string_view what) {
        return file_.failure(text("zone '", bundle::text_of(zone.name), "'", part, what));
    };
    const auto check = [&](const bundle::Image& image, const std::string& part) -> Outcome<> {
        std::vector<std::byte> buffer(std::size_t{1} << 20);
        std::uint32_t crc = 0;
        for (std::uint64_t done = 0; done < image.size;) {
            const auto piece = std::span{buffer}.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(buffer.size(), image.size - done)));
            LKVM_CHECK(read(image, done, piece));
            crc = la::crc32(piece, crc);
            done += piece.size();
        }
        if (crc != image.crc) return failure(part, " is damaged: its checksum is wrong");
        return {};
    };
    LKVM_CHECK(check(zone.kernel, " kernel"));
    LKVM_CHECK(check(zone.initrd, " initrd"));
    for (std::size_t i = 0; i < zone.disk_count; ++i) {
        LKVM_CHECK(check(zone.disks[i].image, text(" disk ", i)));
    }
    const std::vector<std::byte> kernel = LKVM_CHECK(read_image(zone.kernel));
    const auto image = la::parse_kernel_image(kernel);
    if (!image.has_value()) return failure(" kernel: ", boot_fault_text(image.error()));
    RamBanks banks;
    for (std::size_t i = 0; i < zone.bank_count; ++i) {
        // The records' rules are stricter than those of the table.
        LKVM_MUST(banks.add({Gpa{zone.banks[i].base}, zone.banks[i].size, nullptr}));
    }
    la::BootSizes sizes;
    sizes.initrd = zone.initrd.size;
    sizes.device_tree = la::device_tree_buffer_size;
    if ((zone.flags & bundle::zone_flags::load_address) != 0) {
        sizes.load_address = Gpa{zone.load_address};
    }
    const auto layout = la::plan_boot(banks, *image, sizes);
    if (!layout.has_value()) return failure(": ", boot_fault_text(layout.error()));
    return {};
}

}  // namespace lkvm::vmm
