// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/hosted_zone.hpp"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

#include "vmm/text.hpp"
#include "vmm/zones/bundle_file.hpp"

#include <sys/mman.h>
#include <unistd.h>

namespace lkvm::vmm {
namespace {

using bundle::text_of;

class HostedZone {
public:
    HostedZone(MachineConfig& config, HostedZoneFiles& files, StderrLog& log)
        : config_(config)
        , files_(files)
        , log_(log) {}

    Outcome<> apply() {
        const BundleFile bundle = LKVM_CHECK(BundleFile::open("--bundle", config_.bundle));
        const bundle::Zone& zone = *LKVM_CHECK(bundle.find(config_.zone));
        LKVM_CHECK(bundle.check_zone(zone));
        describe(bundle, zone);
        for (std::size_t i = 0; i < zone.disk_count; ++i) {
            LKVM_CHECK(add_disk(bundle, zone.disks[i], i));
        }
        tell_what_is_left_out(zone);
        return {};
    }

private:
    [[nodiscard]] std::string about(std::string_view what) const {
        return text("zone '", config_.zone, "': ", what);
    }

    void describe(const BundleFile& bundle, const bundle::Zone& zone) {
        config_.kernel = config_.bundle;
        config_.kernel_part = bundle.part(zone.kernel);
        if (zone.initrd.size != 0) {
            config_.initrd = config_.bundle;
            config_.initrd_part = bundle.part(zone.initrd);
        }
        config_.command_line = text_of(zone.command_line);
        config_.memory.clear();
        for (std::size_t i = 0; i < zone.bank_count; ++i) {
            config_.memory.push_back({zone.banks[i].size, zone.banks[i].base.value()});
        }
        config_.cpu_count = zone.cpu_count;
        if ((zone.flags & bundle::zone_flags::load_address) != 0) {
            config_.load_address = zone.load_address;
        }
        const auto virtio = static_cast<std::uint32_t>(bundle::ConsoleKind::virtio);
        config_.devices.console = zone.console == virtio;
        config_.devices.rng |= (zone.flags & bundle::zone_flags::rng) != 0;
    }

    Outcome<> add_disk(const BundleFile& bundle, const bundle::Disk& disk, std::size_t number) {
        if (disk.kind == static_cast<std::uint32_t>(bundle::DiskKind::board)) {
            return setup_failure(
                about(text("disk ", number, " is a part of disk ", disk.board_disk.value(),
                           " of the board, which this host does not have")));
        }
        const auto failure = [&] {
            return setup_failure(about(text("disk ", number, ": ", system_error_text(errno))));
        };
        UniqueFd file(::memfd_create("lkvm-zone-disk", MFD_CLOEXEC));
        if (!file.valid() ||
            ::ftruncate(file.value(), static_cast<off_t>(disk.image.size.value())) != 0) {
            return failure();
        }
        std::vector<std::byte> buffer(std::size_t{1} << 20);
        for (std::uint64_t done = 0; done < disk.image.size;) {
            const auto part = std::span{buffer}.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(buffer.size(), disk.image.size - done)));
            LKVM_CHECK(bundle.read(disk.image, done, part));
            // A file in memory takes everything at once or nothing.
            if (::pwrite(file.value(), part.data(), part.size(), static_cast<off_t>(done)) !=
                static_cast<ssize_t>(part.size())) {
                return failure();
            }
            done += part.size();
        }
        DiskOptions options;
        options.path = text("/proc/self/fd/", file.value());
        options.read_only = (disk.flags & bundle::disk_flags::read_only) != 0;
        options.serial = text_of(disk.serial);
        // In front of what the command line adds, in the zone's order.
        auto& disks = config_.devices.disks;
        disks.insert(disks.begin() + static_cast<std::ptrdiff_t>(number), std::move(options));
        files_.push_back(std::move(file));
        return {};
    }

    void tell_what_is_left_out(const bundle::Zone& zone) const {
        const auto leave_out = [this](std::string_view what, std::string_view why) {
            log_.warn(about(text(what, " is left out: ", why)));
        };
        if (config_.devices.networks.empty()) {
            for (std::size_t i = 0; i < zone.port_count; ++i) {
                leave_out(text("network '", text_of(zone.ports[i].network), "'"),
                          "no other zone runs here (--network adds one)");
            }
        }
        for (std::size_t i = 0; i < zone.region_count; ++i) {
            leave_out(text("shared memory '", text_of(zone.regions[i].name), "'"),
                      "no other zone runs here");
        }
        for (std::size_t i = 0; i < zone.passed_count; ++i) {
            leave_out(text("the device at ", Hex{zone.passed[i].base}), "it belongs to the board");
        }
        if ((zone.flags & bundle::zone_flags::control) != 0) {
            leave_out("control", "no other zone runs here");
        }
    }

    MachineConfig& config_;
    HostedZoneFiles& files_;
    StderrLog& log_;
};

}  // namespace

Outcome<> apply_bundle(MachineConfig& config, HostedZoneFiles& files, StderrLog& log) {
    return HostedZone(config, files, log).apply();
}

}  // namespace lkvm::vmm
