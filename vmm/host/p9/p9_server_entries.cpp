// SPDX-License-Identifier: GPL-2.0-or-later
// Entries of shared directories: making, linking, renaming, removing.
#include <cerrno>
#include <string>

#include "vmm/host/p9/p9_server.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace p9 = virtio::p9;

namespace {

Result<> checked(int result) {
    if (result != 0) return system_error();
    return {};
}

}  // namespace

Result<struct stat> P9Server::adopt(int file, const P9Fid& creator, std::uint32_t gid,
                                    mode_t mode) {
    if (shared_.owners_chosen()) LKVM_TRY(shared_.set_owner(file, creator.uid, gid));
    struct stat found = LKVM_TRY(SharedDirectory::status(file));
    if (S_ISLNK(found.st_mode)) return found;
    // What lkvm's own umask took away, and what a change of owner takes away.
    constexpr mode_t permissions = 0777;
    constexpr mode_t special = 07000;
    const bool differs =
        ((found.st_mode ^ mode) & permissions) != 0 || (mode & special & ~found.st_mode) != 0;
    if (!differs) return found;
    LKVM_TRY(shared_.set_mode(file, (mode & (permissions | special)) | (found.st_mode & special)));
    return SharedDirectory::status(file);
}

Result<> P9Server::reply_new(int directory, const std::string& name, const P9Fid& creator,
                             std::uint32_t gid, mode_t mode, Exchange& with) {
    const UniqueFd made = LKVM_TRY(shared_.find(directory, name));
    with.reply.qid(shared_.qid(LKVM_TRY(adopt(made.value(), creator, gid, mode))));
    return {};
}

Result<struct stat> P9Server::check_name(const P9Node& node) const {
    if (node.parent == nullptr) return system_error(EBUSY);
    const struct stat known = LKVM_TRY(SharedDirectory::status(path_of(node)));
    struct stat named{};
    if (::fstatat(path_of(*node.parent), node.name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) {
        return system_error();
    }
    if (named.st_dev != known.st_dev || named.st_ino != known.st_ino) return system_error(ESTALE);
    return named;
}

Result<> P9Server::serve(const p9::Symlink& request, Exchange& with) {
    LKVM_TRY(check_writable());
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.directory));
    const int directory = path_of(*fid->node);
    const std::string name(request.name);
    // The target is text to everyone here; only the guest's kernel follows it.
    LKVM_TRY(checked(::symlinkat(std::string(request.target).c_str(), directory, name.c_str())));
    return reply_new(directory, name, *fid, request.gid, 0, with);
}

Result<> P9Server::serve(const p9::MakeNode& request, Exchange& with) {
    LKVM_TRY(check_writable());
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.directory));
    const mode_t type = request.mode & S_IFMT;
    // A device node would reach the host's devices.
    if (type != S_IFREG && type != S_IFIFO && type != S_IFSOCK) return system_error(EPERM);
    const int directory = path_of(*fid->node);
    const std::string name(request.name);
    const mode_t mode = request.mode & 07777;
    LKVM_TRY(checked(::mknodat(directory, name.c_str(), type | mode, 0)));
    return reply_new(directory, name, *fid, request.gid, mode, with);
}

Result<> P9Server::serve(const p9::MakeDirectory& request, Exchange& with) {
    LKVM_TRY(check_writable());
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.directory));
    const int directory = path_of(*fid->node);
    const std::string name(request.name);
    const mode_t mode = request.mode & 07777;
    LKVM_TRY(checked(::mkdirat(directory, name.c_str(), mode)));
    return reply_new(directory, name, *fid, request.gid, mode, with);
}

Result<> P9Server::serve(const p9::Link& request, Exchange&) {
    LKVM_TRY(check_writable());
    const P9Fid* const directory = LKVM_TRY(fids_.find(request.directory));
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    return shared_.link(path_of(*fid->node), path_of(*directory->node), std::string(request.name));
}

Result<> P9Server::serve(const p9::Rename& request, Exchange&) {
    LKVM_TRY(check_writable());
    P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    const P9Fid* const directory = LKVM_TRY(fids_.find(request.directory));
    static_cast<void>(LKVM_TRY(check_name(*fid->node)));
    const std::string name(request.name);
    // The fid goes on under the new name; others of the same node do not know it.
    UniqueFd path(::fcntl(path_of(*fid->node), F_DUPFD_CLOEXEC, 0));
    if (!path.valid()) return system_error();
    P9NodePtr renamed = LKVM_TRY(make_node(std::move(path), directory->node, name));
    LKVM_TRY(checked(::renameat(path_of(*fid->node->parent), fid->node->name.c_str(),
                                path_of(*directory->node), name.c_str())));
    fid->node = std::move(renamed);
    return {};
}

Result<> P9Server::serve(const p9::RenameAt& request, Exchange&) {
    LKVM_TRY(check_writable());
    const P9Fid* const from = LKVM_TRY(fids_.find(request.old_directory));
    const P9Fid* const to = LKVM_TRY(fids_.find(request.new_directory));
    return checked(::renameat(path_of(*from->node), std::string(request.old_name).c_str(),
                              path_of(*to->node), std::string(request.new_name).c_str()));
}

Result<> P9Server::serve(const p9::UnlinkAt& request, Exchange&) {
    LKVM_TRY(check_writable());
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.directory));
    const int flags = (request.flags & p9::remove_directory) != 0 ? AT_REMOVEDIR : 0;
    return checked(::unlinkat(path_of(*fid->node), std::string(request.name).c_str(), flags));
}

Result<> P9Server::serve(const p9::Remove& request, Exchange&) {
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    const P9NodePtr node = fid->node;
    // The fid goes in any case.
    fids_.remove(request.fid);
    LKVM_TRY(check_writable());
    const struct stat found = LKVM_TRY(check_name(*node));
    return checked(::unlinkat(path_of(*node->parent), node->name.c_str(),
                              S_ISDIR(found.st_mode) ? AT_REMOVEDIR : 0));
}

}  // namespace lkvm::vmm
