// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/bundle_writer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/boot/crc32.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "vmm/boot/kernel_file.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/machine/ram_plan.hpp"
#include "vmm/text.hpp"
#include "vmm/zones/bundle_records.hpp"
#include "vmm/zones/image_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lkvm::vmm {
namespace {

constexpr std::uint64_t round_up(std::uint64_t value) {
    return (value + bundle::image_alignment - 1) / bundle::image_alignment *
           bundle::image_alignment;
}

/// The output under a temporary name.
class OutputFile {
public:
    static Outcome<OutputFile> create(const std::string& path) {
        OutputFile file(path);
        LKVM_CHECK(file.choose_target());
        file.fd_ = UniqueFd(
            ::open(file.temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
        if (!file.fd_.valid()) return file.failure();
        return file;
    }
    OutputFile(OutputFile&&) = default;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile() {
        if (fd_.valid()) ::unlink(temporary_.c_str());
    }

    Outcome<> write(std::span<const std::byte> bytes, std::uint64_t offset) const {
        while (!bytes.empty()) {
            const ssize_t count =
                ::pwrite(fd_.value(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (count < 0 && errno == EINTR) continue;
            if (count < 0) return failure();
            bytes = bytes.subspan(static_cast<std::size_t>(count));
            offset += static_cast<std::uint64_t>(count);
        }
        return {};
    }

    /// Gives the file its size and its name.
    Outcome<> finish(std::uint64_t size) {
        if (::ftruncate(fd_.value(), static_cast<off_t>(size)) != 0) return failure();
        if (std::rename(temporary_.c_str(), target_.c_str()) != 0) return failure();
        fd_ = UniqueFd();
        return {};
    }

private:
    explicit OutputFile(const std::string& path)
        : path_(path)
        , target_(path) {}

    /// Its name will be that of a new file: devices keep theirs, and links.
    Outcome<> choose_target() {
        struct stat about{};
        if (::stat(path_.c_str(), &about) == 0) {
            if (S_ISDIR(about.st_mode)) return failure("is a directory, expected a file");
            if (!S_ISREG(about.st_mode)) return failure("is not a regular file");
            const std::unique_ptr<char, void (*)(void*)> real(::realpath(path_.c_str(), nullptr),
                                                              std::free);
            if (real == nullptr) return failure();
            target_ = real.get();
        }
        temporary_ = text(target_, ".", ::getpid(), ".part");
        return {};
    }

    [[nodiscard]] Failure failure() const { return failure(system_error_text(errno)); }
    [[nodiscard]] Failure failure(std::string_view why) const {
        return setup_failure(text("-o '", path_, "': ", why));
    }

    std::string path_;    // as given
    std::string target_;  // where that leads to
    std::string temporary_;
    UniqueFd fd_;
};

/// One image of the bundle: a kernel in memory or a file.
struct Source {
    std::string key;  ///< images with the same key are stored once
    std::optional<Kernel> kernel;
    std::optional<InputFile> file;
    bundle::Image place{};
    std::uint64_t file_size = 0;  ///< disks are filled up with zeros
};

class BundleWriter {
public:
    BundleWriter(const PackRequest& request, std::vector<std::string>& warnings)
        : request_(request)
        , warnings_(warnings) {}

    Outcome<> write() {
        next_ = round_up(sizeof(bundle::Header) + request_.zones.size() * sizeof(bundle::Zone));
        for (const ZoneConfig& zone : request_.zones) LKVM_CHECK(add_zone(zone));
        la::BundleFault fault;
        if (!la::check_zones(records_, fault).has_value()) {
            return usage_failure(std::string(la::bundle_fault_text(fault).text()));
        }
        std::vector<std::byte> image;
        if (!request_.image.empty()) {
            const auto file = LKVM_CHECK(InputFile::open("--image", request_.image));
            image = LKVM_CHECK(prepare_image(file, next_));
        }
        OutputFile output = LKVM_CHECK(OutputFile::create(request_.output));
        LKVM_CHECK(output.write(image, 0));
        for (Source& source : sources_) LKVM_CHECK(copy(source, output, image.size()));
        LKVM_CHECK(write_records(output, image.size()));
        return output.finish(image.size() + next_);
    }

private:
    [[nodiscard]] static Failure named(const ZoneConfig& zone, const Failure& failure) {
        return {failure.code, text("--zone '", zone.machine.name, "': ", failure.message)};
    }

    Outcome<> add_zone(const ZoneConfig& zone) {
        Outcome<> added = add_named_zone(zone);
        if (added.has_value()) return {};
        const bool is_named = added.failure().message.starts_with("--zone");
        return is_named ? added.failure() : named(zone, added.failure());
    }

    Outcome<> add_named_zone(const ZoneConfig& zone) {
        const RamPlan plan = LKVM_CHECK(plan_ram(zone.machine.memory, la::zone_address_limit));
        for (const std::string& warning : plan.warnings) {
            warnings_.push_back(text("zone '", zone.machine.name, "': ", warning));
        }
        records_.push_back(LKVM_CHECK(make_zone_record(zone, records_.size(), plan.banks)));
        const std::size_t number = records_.size() - 1;
        const std::size_t kernel = LKVM_CHECK(add_kernel(zone.machine.kernel));
        std::uint64_t initrd_size = 0;
        uses_.push_back({kernel, number, Use::kernel, 0});
        if (!zone.machine.initrd.empty()) {
            const std::size_t initrd = LKVM_CHECK(add_file("--initrd", zone.machine.initrd, "i:"));
            initrd_size = sources_[initrd].file_size;
            sources_[initrd].place.size = initrd_size;
            uses_.push_back({initrd, number, Use::initrd, 0});
        }
        for (std::size_t i = 0; i < zone.disks.size(); ++i) {
            LKVM_CHECK(add_disk(zone.disks[i], number, i));
        }
        fill_places(number);
        return check_layout(zone.machine, plan.banks, *sources_[kernel].kernel, initrd_size);
    }

    Outcome<std::size_t> add_kernel(const std::string& path) {
        const std::string key = text("k:", path);
        if (const auto found = find(key)) return *found;
        const InputFile file = LKVM_CHECK(InputFile::open("--kernel", path));
        Source source;
        source.key = key;
        source.kernel = LKVM_CHECK(read_kernel(file));
        source.place.size = source.kernel->bytes.size();
        return add(std::move(source));
    }

    Outcome<std::size_t> add_file(const std::string& option, const std::string& path,
                                  const std::string& kind) {
        const std::string key = kind + path;
        if (const auto found = find(key)) return *found;
        Source source;
        source.key = key;
        source.file = LKVM_CHECK(InputFile::open(option, path));
        source.file_size = LKVM_CHECK(source.file->size());
        source.place.size = source.file_size;
        return add(std::move(source));
    }

    Outcome<> add_disk(const ZoneDisk& disk, std::size_t zone, std::size_t number) {
        if (disk.path.empty()) return {};
        // Only what is never written to can be shared.
        const std::string kind = disk.read_only ? "d:" : text("w", zone, ".", number, ":");
        const std::size_t source = LKVM_CHECK(add_file("--disk", disk.path, kind));
        sources_[source].place.size = round_up(sources_[source].file_size);
        uses_.push_back({source, zone, Use::disk_image, number});
        return {};
    }

    [[nodiscard]] std::optional<std::size_t> find(const std::string& key) const {
        const auto found = std::ranges::find(sources_, key, &Source::key);
        if (found == sources_.end()) return std::nullopt;
        return static_cast<std::size_t>(found - sources_.begin());
    }

    std::size_t add(Source source) {
        source.place.offset = next_;
        next_ += round_up(source.place.size);
        sources_.push_back(std::move(source));
        return sources_.size() - 1;
    }

    /// Puts the places of its images into a record.
    void fill_places(std::size_t zone) {
        for (const auto& use : uses_) {
            if (use.zone != zone) continue;
            const bundle::Image& place = sources_[use.source].place;
            bundle::Zone& record = records_[zone];
            if (use.what == Use::kernel) record.kernel = place;
            if (use.what == Use::initrd) record.initrd = place;
            if (use.what == Use::disk_image) record.disks[use.disk].image = place;
        }
    }

    /// What the hypervisor would find out at boot: that kernel and initrd fit.
    static Outcome<> check_layout(const MachineConfig& config, const RamBanks& banks,
                                  const Kernel& kernel, std::uint64_t initrd) {
        la::BootSizes sizes;
        sizes.initrd = initrd;
        sizes.device_tree = la::device_tree_buffer_size;
        if (config.load_address.has_value()) sizes.load_address = Gpa{*config.load_address};
        const auto layout = la::plan_boot(banks, kernel.image, sizes);
        if (layout.has_value()) return {};
        return setup_failure(boot_fault_text(layout.error()));
    }

    static Outcome<> copy(Source& source, const OutputFile& output, std::uint64_t start) {
        const std::uint64_t to = start + source.place.offset;
        if (source.kernel.has_value()) {
            source.place.crc = la::crc32(source.kernel->bytes);
            return output.write(source.kernel->bytes, to);
        }
        std::vector<std::byte> buffer(std::size_t{1} << 20);
        std::uint32_t crc = 0;
        for (std::uint64_t done = 0; done < source.place.size;) {
            const auto part = std::span{buffer}.first(static_cast<std::size_t>(
                std::min<std::uint64_t>(buffer.size(), source.place.size - done)));
            const std::uint64_t left = source.file_size > done ? source.file_size - done : 0;
            const auto from_file =
                part.first(static_cast<std::size_t>(std::min<std::uint64_t>(part.size(), left)));
            LKVM_CHECK(source.file->read(from_file, done));
            std::ranges::fill(part.subspan(from_file.size()), std::byte{});
            crc = la::crc32(part, crc);
            LKVM_CHECK(output.write(part, to + done));
            done += part.size();
        }
        source.place.crc = crc;
        return {};
    }

    Outcome<> write_records(const OutputFile& output, std::uint64_t start) {
        for (std::size_t i = 0; i < records_.size(); ++i) fill_places(i);
        bundle::Header header{.magic = bundle::magic,
                              .version = bundle::version,
                              .zone_count = static_cast<std::uint32_t>(records_.size()),
                              .size = next_,
                              .zone_size = sizeof(bundle::Zone),
                              .crc = {},
                              .reserved = {}};
        const auto records = std::as_bytes(std::span{records_});
        header.crc = la::crc32(records, la::crc32(std::as_bytes(std::span{&header, 1})));
        LKVM_CHECK(output.write(std::as_bytes(std::span{&header, 1}), start));
        return output.write(records, start + sizeof(header));
    }

    /// Who has which source for what.
    struct Use {
        enum What : unsigned char { kernel, initrd, disk_image };
        std::size_t source = 0;
        std::size_t zone = 0;
        What what = kernel;
        std::size_t disk = 0;
    };

    const PackRequest& request_;
    std::vector<std::string>& warnings_;
    std::vector<bundle::Zone> records_;
    std::vector<Source> sources_;
    std::vector<Use> uses_;
    std::uint64_t next_ = 0;  ///< where the next image goes
};

}  // namespace

Outcome<> write_bundle(const PackRequest& request, std::vector<std::string>& warnings) {
    return BundleWriter(request, warnings).write();
}

}  // namespace lkvm::vmm
