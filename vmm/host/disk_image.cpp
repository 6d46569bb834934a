// SPDX-License-Identifier: GPL-2.0-or-later
// Opening, locking and measuring disk images. Transfers are in disk_transfer.cpp.
#include "vmm/host/disk_image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <thread>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace lkvm::vmm {

using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t sector = 512;
constexpr std::uint32_t largest_block = 65536;

// The kernel gives up an io_uring's files some time after their process has ended, and only then
// the lock of an lkvm that has just gone.
constexpr auto lock_patience = 2000ms;
constexpr auto lock_poll = 20ms;

}  // namespace

Failure DiskImage::failure(std::string_view what) const {
    return setup_failure(text("--disk '", path_, "': ", what));
}

Outcome<DiskImage> DiskImage::open(const DiskOptions& options) {
    DiskImage image(options.path);
    LKVM_CHECK(image.open_files(options));
    LKVM_CHECK(image.lock(options));
    LKVM_CHECK(image.learn_size());
    image.properties_.read_only = options.read_only;
    image.learn_layout();
    if (!options.read_only) image.probe_discard();
    const std::size_t length = std::min(options.serial.size(), image.properties_.serial.size());
    std::copy_n(options.serial.begin(), length, image.properties_.serial.begin());
    return image;
}

Outcome<> DiskImage::open_files(const DiskOptions& options) {
    struct stat about{};
    if (::stat(path_.c_str(), &about) != 0) return failure(system_error_text(errno));
    block_device_ = S_ISBLK(about.st_mode);
    if (!block_device_ && !S_ISREG(about.st_mode)) {
        return failure("expected an image file, a block device or a directory");
    }
    // A block device that the host has mounted, or uses otherwise, stays its own.
    const int exclusive = block_device_ && !options.read_only ? O_EXCL : 0;
    const int flags = (options.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | exclusive;
    fd_ = UniqueFd(::open(path_.c_str(), flags));
    if (!fd_.valid()) {
        if (errno == EBUSY) return failure("the host uses this device, is it mounted?");
        const bool hint =
            !options.read_only && (errno == EACCES || errno == EROFS || errno == EPERM);
        return failure(
            text(system_error_text(errno), hint ? " (add ,ro for a read-only disk)" : ""));
    }
    if (!options.direct) return {};
    direct_fd_ = UniqueFd(::open(path_.c_str(), (flags & ~O_EXCL) | O_DIRECT));
    if (!direct_fd_.valid()) {
        return failure(text("direct I/O: ", system_error_text(errno)));
    }
    return {};
}

Outcome<> DiskImage::lock(const DiskOptions& options) const {
    struct flock wanted{};
    wanted.l_type = static_cast<short>(options.read_only ? F_RDLCK : F_WRLCK);
    wanted.l_whence = SEEK_SET;
    for (auto waited = 0ms;; waited += lock_poll) {
        if (::fcntl(fd_.value(), F_OFD_SETLK, &wanted) == 0) return {};
        if (errno != EAGAIN && errno != EACCES) break;
        if (waited < lock_patience) {
            std::this_thread::sleep_for(lock_poll);
            continue;
        }
        return failure(options.read_only
                           ? "another process has this image open for writing"
                           : "another process uses this image, a second lkvm perhaps; "
                             "two guests on one image would destroy it");
    }
    // No locks on this file system: as good as it gets there.
    return {};
}

Outcome<> DiskImage::learn_size() {
    std::uint64_t bytes = 0;
    if (block_device_) {
        if (::ioctl(fd_.value(), BLKGETSIZE64, &bytes) != 0) {
            return failure(text("its size is unknown: ", system_error_text(errno)));
        }
    } else {
        struct stat about{};
        if (::fstat(fd_.value(), &about) != 0) return failure(system_error_text(errno));
        bytes = static_cast<std::uint64_t>(about.st_size);
    }
    if (bytes < sector) return failure(text(bytes, " bytes, a disk has at least ", sector));
    properties_.size = bytes / sector * sector;
    return {};
}

void DiskImage::learn_layout() {
    std::uint32_t logical = sector;
    std::uint32_t physical = 4096;
    struct stat about{};
    if (::fstat(fd_.value(), &about) == 0) physical = static_cast<std::uint32_t>(about.st_blksize);
    if (block_device_) {
        int value = 0;
        if (::ioctl(fd_.value(), BLKSSZGET, &value) == 0) {
            logical = static_cast<std::uint32_t>(value);
        }
        unsigned int unsigned_value = 0;
        if (::ioctl(fd_.value(), BLKPBSZGET, &unsigned_value) == 0) physical = unsigned_value;
        if (::ioctl(fd_.value(), BLKIOOPT, &unsigned_value) == 0) {
            properties_.optimal_io_size = unsigned_value;
        }
    }
    if (direct_fd_.valid()) {
#ifdef STATX_DIOALIGN
        struct statx more{};
        const bool known =
            ::statx(direct_fd_.value(), "", AT_EMPTY_PATH, STATX_DIOALIGN, &more) == 0 &&
            (more.stx_mask & STATX_DIOALIGN) != 0 && more.stx_dio_offset_align != 0;
        direct_offset_alignment_ = known ? more.stx_dio_offset_align : physical;
        direct_memory_alignment_ = known ? more.stx_dio_mem_align : physical;
#else
        direct_offset_alignment_ = physical;
        direct_memory_alignment_ = physical;
#endif
        logical = std::max(logical, direct_offset_alignment_);
    }
    // What a host may report is not always what a guest takes.
    if (!std::has_single_bit(logical) || logical < sector || logical > largest_block ||
        properties_.size % logical != 0) {
        logical = sector;
    }
    if (!std::has_single_bit(physical) || physical > largest_block) physical = 4096;
    properties_.block_size = logical;
    properties_.physical_block_size = std::max(physical, logical);
}

void DiskImage::probe_discard() {
    // Behind the end of a file nothing is lost; a block device is asked for what it says.
    if (block_device_) {
        struct stat about{};
        if (::fstat(fd_.value(), &about) != 0) return;
        const std::string name = text("/sys/dev/block/", major(about.st_rdev), ':',
                                      minor(about.st_rdev), "/queue/discard_max_bytes");
        const UniqueFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
        char first = '0';
        properties_.discard = file.valid() && ::read(file.value(), &first, 1) == 1 && first != '0';
    } else {
        const auto end =
            static_cast<off_t>((properties_.size + largest_block) / largest_block * largest_block);
        struct stat before{};
        const bool known = ::fstat(fd_.value(), &before) == 0;
        properties_.discard = ::fallocate(fd_.value(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                          end, largest_block) == 0;
        // The file has not changed, so nobody has to save it again.
        const std::array<timespec, 2> times{{{0, UTIME_OMIT}, before.st_mtim}};
        if (known) ::futimens(fd_.value(), times.data());
    }
    properties_.discard_granularity = properties_.physical_block_size;
}

int DiskImage::fd_for(const BlockRequest& request) const {
    if (!direct_fd_.valid()) return fd_.value();
    std::uint64_t edges =
        request.offset % direct_offset_alignment_ | request.length % direct_offset_alignment_;
    for (const HostBuffer& buffer : request.buffers) {
        edges |= reinterpret_cast<std::uintptr_t>(buffer.data) % direct_memory_alignment_;
        edges |= buffer.size % direct_memory_alignment_;
    }
    return edges == 0 ? direct_fd_.value() : fd_.value();
}

}  // namespace lkvm::vmm
