// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/p9/shared_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// A guest's "leave it" for user and group numbers.
constexpr std::uint32_t unchanged = virtio::p9::no_uid;

/// Where the number of a foreign file system goes in a guest's inode number.
constexpr unsigned device_shift = 48;

/// openat() that cannot leave the directory, in kernels that have it also by their own word. The
/// name is one component, and O_NOFOLLOW is set, so that without openat2() nothing is lost.
int open_beneath(int directory, const char* name, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<unsigned>(flags) | O_NOFOLLOW | O_CLOEXEC;
    how.mode = mode;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const long fd = ::syscall(SYS_openat2, directory, name, &how, sizeof(how));
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(fd);
    // EPERM may be a sandbox that does not know the call.
    return ::openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode);
}

/// Files there stand for the host's processes, lkvm's own memory included.
bool in_procfs(int file) {
    struct statfs found{};
    return ::fstatfs(file, &found) == 0 && found.f_type == PROC_SUPER_MAGIC;
}

}  // namespace

Error system_error() {
    return system_error(errno);
}

Error system_error(int number) {
    return fail(ErrorCode::io_error, static_cast<std::uint32_t>(number));
}

Outcome<SharedDirectory> SharedDirectory::open(const ShareOptions& options) {
    const auto refused = [&](std::string_view why) {
        return setup_failure(text("--9p '", options.path, "': ", why));
    };
    SharedDirectory shared;
    shared.root_ = UniqueFd(::open(options.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!shared.root_.valid()) return refused(system_error_text(errno));
    if (in_procfs(shared.root())) return refused("the proc file system cannot be shared");
    shared.descriptors_ = UniqueFd(::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!shared.descriptors_.valid()) return refused("sharing needs /proc, which is not mounted");
    // Read now, so that a directory without permission is told here and not to the guest.
    if (!shared.reopen(shared.root(), O_RDONLY | O_DIRECTORY)) {
        return refused(system_error_text(errno));
    }
    const Result<struct stat> found = status(shared.root());
    if (!found.has_value()) return refused(system_error_text(errno));
    shared.devices_.push_back(found->st_dev);
    shared.read_only_ = options.read_only;
    shared.uid_ = ::geteuid();
    shared.gid_ = ::getegid();
    shared.as_root_ = shared.uid_ == 0;
    return shared;
}

Result<UniqueFd> SharedDirectory::find(int directory, const std::string& name) const {
    UniqueFd fd(open_beneath(directory, name.c_str(), O_PATH, 0));
    if (!fd.valid()) return system_error();
    struct stat here{};
    struct stat above{};
    if (::fstat(fd.value(), &here) != 0 || ::fstat(directory, &above) != 0) return system_error();
    if (here.st_dev != above.st_dev && in_procfs(fd.value())) return system_error(EACCES);
    return fd;
}

Result<UniqueFd> SharedDirectory::reopen(int file, int flags) const {
    // The link leads to the very file, not to a name.
    UniqueFd fd(::openat(descriptors_.value(), std::to_string(file).c_str(), flags | O_CLOEXEC));
    if (!fd.valid()) return system_error();
    return fd;
}

Result<UniqueFd> SharedDirectory::create(int directory, const std::string& name, int flags,
                                         mode_t mode) const {
    UniqueFd fd(open_beneath(directory, name.c_str(), flags | O_CREAT | O_EXCL, mode & 07777));
    if (!fd.valid()) return system_error();
    return fd;
}

Result<> SharedDirectory::link(int file, int directory, const std::string& name) const {
    if (::linkat(descriptors_.value(), std::to_string(file).c_str(), directory, name.c_str(),
                 AT_SYMLINK_FOLLOW) != 0) {
        return system_error();
    }
    return {};
}

Result<> SharedDirectory::set_mode(int file, mode_t mode) const {
    if (::fchmodat(descriptors_.value(), std::to_string(file).c_str(), mode & 07777, 0) != 0) {
        return system_error();
    }
    return {};
}

Result<> SharedDirectory::set_times(int file, const timespec (&times)[2]) const {
    if (::utimensat(descriptors_.value(), std::to_string(file).c_str(), times, 0) != 0) {
        return system_error();
    }
    return {};
}

Result<> SharedDirectory::set_owner(int file, std::uint32_t guest_uid,
                                    std::uint32_t guest_gid) const {
    const uid_t uid = guest_uid == 0 ? uid_ : guest_uid;
    const gid_t gid = guest_gid == 0 ? (as_root_ ? 0 : gid_) : guest_gid;
    if (uid == unchanged && gid == unchanged) return {};
    if (::fchownat(file, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) != 0) {
        return system_error();
    }
    return {};
}

Result<struct stat> SharedDirectory::status(int file) {
    struct stat found{};
    if (::fstat(file, &found) != 0) return system_error();
    return found;
}

std::uint64_t SharedDirectory::inode(dev_t device, ino_t number) {
    auto found = std::ranges::find(devices_, device);
    if (found == devices_.end()) {
        // More mounts than fit share a number; that only confuses programs that compare inodes.
        constexpr std::size_t most = std::size_t{1} << (64 - device_shift);
        if (devices_.size() < most) devices_.push_back(device);
        found = devices_.end() - 1;
    }
    const auto index = static_cast<std::uint64_t>(found - devices_.begin());
    return std::uint64_t{number} ^ index << device_shift;
}

virtio::p9::Qid SharedDirectory::qid(const struct stat& status) {
    virtio::p9::Qid qid;
    qid.type = S_ISDIR(status.st_mode)   ? virtio::p9::qid_type::directory
               : S_ISLNK(status.st_mode) ? virtio::p9::qid_type::symlink
                                         : virtio::p9::qid_type::file;
    // Changes with the contents. Linux caches nothing of version 0.
    const auto seconds = static_cast<std::uint64_t>(status.st_mtim.tv_sec);
    const auto fraction = static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    qid.version = static_cast<std::uint32_t>(seconds ^ fraction << 2 ^ size << 8) | 1;
    qid.path = inode(status.st_dev, status.st_ino);
    return qid;
}

std::uint32_t SharedDirectory::guest_uid(uid_t uid) const {
    return uid == uid_ ? 0 : uid;
}

std::uint32_t SharedDirectory::guest_gid(gid_t gid) const {
    return !as_root_ && gid == gid_ ? 0 : gid;
}

}  // namespace lkvm::vmm
