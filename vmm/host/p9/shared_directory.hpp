// SPDX-License-Identifier: GPL-2.0-or-later
// A directory of the host that a guest may use, and the only ways to reach files in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <lkvm/result.hpp>

#include "virtio/p9/protocol.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

#include <sys/stat.h>
#include <sys/types.h>

namespace lkvm::vmm {

struct ShareOptions {
    std::string path;
    std::string tag;  ///< 1 to virtio::p9::max_tag bytes
    bool read_only = false;
};

/// Errors of everything below that returns a Result carry the system's error number as detail.
[[nodiscard]] Error system_error();
[[nodiscard]] Error system_error(int number);

/// Files are only ever reached one name at a time from a descriptor of a directory inside, and
/// links are never followed: there is no path that leads out, whatever the guest changes meanwhile.
/// Descriptors from here are O_PATH ones, which keep a file without opening it. Stateless but for
/// the table of devices; owner thread of the 9P device.
///
/// Users: if lkvm runs as root, user and group numbers are the same on both sides. Otherwise
/// everything new belongs to the user who runs lkvm; the numbers of that user and group appear as 0
/// to the guest and 0 means them, all others are as they are.
class SharedDirectory {
public:
    /// Failures name the option.
    [[nodiscard]] static Outcome<SharedDirectory> open(const ShareOptions& options);

    [[nodiscard]] int root() const { return root_.value(); }
    [[nodiscard]] bool read_only() const { return read_only_; }

    /// The entry `name`, one that is neither "." nor "..", of a directory inside.
    [[nodiscard]] Result<UniqueFd> find(int directory, const std::string& name) const;
    /// Opens what find() found, which must be a directory or regular file, with flags of open().
    [[nodiscard]] Result<UniqueFd> reopen(int file, int flags) const;
    /// Makes and opens a regular file; `EEXIST` if there is anything of that name.
    [[nodiscard]] Result<UniqueFd> create(int directory, const std::string& name, int flags,
                                          mode_t mode) const;
    /// Hard link to what find() found.
    [[nodiscard]] Result<> link(int file, int directory, const std::string& name) const;
    [[nodiscard]] Result<> set_mode(int file, mode_t mode) const;
    [[nodiscard]] Result<> set_times(int file, const timespec (&times)[2]) const;
    [[nodiscard]] Result<> set_owner(int file, std::uint32_t guest_uid,
                                     std::uint32_t guest_gid) const;

    [[nodiscard]] static Result<struct stat> status(int file);
    [[nodiscard]] virtio::p9::Qid qid(const struct stat& status);
    /// As the guest's inode number.
    [[nodiscard]] std::uint64_t inode(dev_t device, ino_t number);

    [[nodiscard]] std::uint32_t guest_uid(uid_t uid) const;
    [[nodiscard]] std::uint32_t guest_gid(gid_t gid) const;
    /// Whether new files can get owners that the guest chooses.
    [[nodiscard]] bool owners_chosen() const { return as_root_; }

private:
    UniqueFd root_;
    UniqueFd descriptors_;  // /proc/self/fd
    std::vector<dev_t> devices_;
    bool read_only_ = false;
    bool as_root_ = false;
    uid_t uid_ = 0;
    gid_t gid_ = 0;
};

}  // namespace lkvm::vmm
