// SPDX-License-Identifier: GPL-2.0-or-later
// Fids, walks and attributes. Files are in p9_server_files.cpp, entries of directories in
// p9_server_entries.cpp.
#include "vmm/host/p9/p9_server.hpp"

#include <cerrno>
#include <string>
#include <string_view>
#include <variant>

#include <fcntl.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace p9 = virtio::p9;

P9Server::P9Server(SharedDirectory shared, std::size_t max_files)
    : shared_(std::move(shared))
    , max_files_(max_files)
    , root_(std::make_shared<P9Node>()) {}

template<class T>
Result<> P9Server::serve(const T&, Exchange&) {
    return system_error(EOPNOTSUPP);
}

std::uint32_t P9Server::handle(const p9::Request& request, std::span<const HostBuffer> data,
                               p9::Reply& reply) {
    Exchange with{data, reply};
    const Result<> done =
        std::visit([&](const auto& typed) -> Result<> { return serve(typed, with); }, request);
    if (done.has_value()) return 0;
    // The numbers of all hosts that this runs on are those of LoongArch.
    return done.error().detail;
}

// --- nodes ---

Result<CountedFd> P9Server::counted(UniqueFd fd) {
    if (files_ >= max_files_) return system_error(ENFILE);
    return CountedFd(std::move(fd), files_);
}

Result<P9NodePtr> P9Server::make_node(UniqueFd path, P9NodePtr parent, std::string name) {
    if (parent->depth == max_depth) return system_error(ENAMETOOLONG);
    auto node = std::make_shared<P9Node>();
    node->path = LKVM_TRY(counted(std::move(path)));
    node->depth = parent->depth + 1;
    node->parent = std::move(parent);
    node->name = std::move(name);
    return P9NodePtr(std::move(node));
}

Result<P9NodePtr> P9Server::step(const P9NodePtr& from, const std::string& name) {
    if (name == ".." || name == ".") {
        const struct stat found = LKVM_TRY(SharedDirectory::status(path_of(*from)));
        if (!S_ISDIR(found.st_mode)) return system_error(ENOTDIR);
        return name == ".." && from->parent != nullptr ? from->parent : from;
    }
    UniqueFd path = LKVM_TRY(shared_.find(path_of(*from), name));
    return make_node(std::move(path), from, name);
}

Result<P9Fid*> P9Server::opened(std::uint32_t number) {
    P9Fid* const fid = LKVM_TRY(fids_.find(number));
    if (!fid->file.valid()) return system_error(EBADF);
    return fid;
}

// --- requests ---

Result<> P9Server::serve(const p9::Attach& request, Exchange& with) {
    if (request.auth_fid != p9::no_fid) return system_error(EOPNOTSUPP);
    P9NodePtr node = root_;
    std::string_view rest = request.tree;
    while (!rest.empty()) {
        const std::size_t end = rest.find('/');
        const std::string name(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        if (!name.empty()) node = LKVM_TRY(step(node, name));
    }
    const struct stat found = LKVM_TRY(SharedDirectory::status(path_of(*node)));
    if (!S_ISDIR(found.st_mode)) return system_error(ENOTDIR);
    const std::uint32_t uid = request.uid == p9::no_uid ? 0 : request.uid;
    LKVM_TRY(fids_.add(request.fid, P9Fid{.node = std::move(node), .uid = uid, .file = {}}));
    with.reply.qid(shared_.qid(found));
    return {};
}

Result<> P9Server::serve(const p9::Walk& request, Exchange& with) {
    P9Fid* const from = LKVM_TRY(fids_.find(request.fid));
    const bool replace = request.new_fid == request.fid;
    if (!replace && fids_.contains(request.new_fid)) return system_error(EBADF);
    if (replace && from->file.valid()) return system_error(EBUSY);
    P9NodePtr node = from->node;
    std::array<p9::Qid, p9::max_walk> qids;
    std::uint16_t count = 0;
    for (; count < request.name_count; ++count) {
        const Result<P9NodePtr> next = step(node, std::string(request.names[count]));
        // Only a walk that fails at once is an error; else the client learns how far it came.
        if (!next.has_value() && count == 0) return next.error();
        if (!next.has_value()) break;
        node = *next;
        qids[count] = shared_.qid(LKVM_TRY(SharedDirectory::status(path_of(*node))));
    }
    if (count == request.name_count) {
        if (replace) {
            from->node = std::move(node);
        } else {
            LKVM_TRY(fids_.add(request.new_fid,
                               P9Fid{.node = std::move(node), .uid = from->uid, .file = {}}));
        }
    }
    with.reply.u16(count);
    for (std::uint16_t i = 0; i < count; ++i) with.reply.qid(qids[i]);
    return {};
}

Result<> P9Server::serve(const p9::Clunk& request, Exchange&) {
    static_cast<void>(LKVM_TRY(fids_.find(request.fid)));
    fids_.remove(request.fid);
    return {};
}

Result<> P9Server::serve(const p9::GetAttributes& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    const struct stat found = LKVM_TRY(SharedDirectory::status(path_of(*fid->node)));
    p9::Reply& out = with.reply;
    const auto time = [&](const timespec& when) {
        out.u64(static_cast<std::uint64_t>(when.tv_sec));
        out.u64(static_cast<std::uint64_t>(when.tv_nsec));
    };
    out.u64(p9::attributes_basic);
    out.qid(shared_.qid(found));
    out.u32(found.st_mode);
    out.u32(shared_.guest_uid(found.st_uid));
    out.u32(shared_.guest_gid(found.st_gid));
    out.u64(found.st_nlink);
    out.u64(found.st_rdev);  // in its low half as the kernel packs it
    out.u64(static_cast<std::uint64_t>(found.st_size));
    out.u64(static_cast<std::uint64_t>(found.st_blksize));
    out.u64(static_cast<std::uint64_t>(found.st_blocks));
    time(found.st_atim);
    time(found.st_mtim);
    time(found.st_ctim);
    time(timespec{});  // creation
    out.u64(0);        // generation
    out.u64(0);        // data version
    return {};
}

Result<> P9Server::set_size(const P9Fid& fid, std::uint64_t size) {
    if (fid.writable) {
        if (::ftruncate(fid.file.value(), static_cast<off_t>(size)) != 0) return system_error();
        return {};
    }
    const struct stat found = LKVM_TRY(SharedDirectory::status(path_of(*fid.node)));
    if (!S_ISREG(found.st_mode)) return system_error(S_ISDIR(found.st_mode) ? EISDIR : EINVAL);
    const UniqueFd file = LKVM_TRY(shared_.reopen(path_of(*fid.node), O_WRONLY));
    if (::ftruncate(file.value(), static_cast<off_t>(size)) != 0) return system_error();
    return {};
}

Result<> P9Server::serve(const p9::SetAttributes& request, Exchange&) {
    LKVM_TRY(check_writable());
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    const int path = path_of(*fid->node);
    const auto wants = [&](std::uint32_t flag) { return (request.valid & flag) != 0; };
    // Before the mode, as a change of owner may take set-user-ID away.
    const bool owner = wants(p9::set_flag::uid | p9::set_flag::gid);
    if (owner) {
        LKVM_TRY(shared_.set_owner(path, wants(p9::set_flag::uid) ? request.uid : p9::no_uid,
                                   wants(p9::set_flag::gid) ? request.gid : p9::no_uid));
    }
    if (wants(p9::set_flag::mode)) LKVM_TRY(shared_.set_mode(path, request.mode));
    if (wants(p9::set_flag::size)) LKVM_TRY(set_size(*fid, request.size));
    const auto time = [&](std::uint32_t set, std::uint32_t given, const p9::Time& when) {
        if (!wants(set)) return timespec{0, UTIME_OMIT};
        if (!wants(given)) return timespec{0, UTIME_NOW};
        return timespec{static_cast<time_t>(when.seconds), static_cast<long>(when.nanoseconds)};
    };
    if (wants(p9::set_flag::atime | p9::set_flag::mtime)) {
        LKVM_TRY(shared_.set_times(
            path, {time(p9::set_flag::atime, p9::set_flag::atime_given, request.atime),
                   time(p9::set_flag::mtime, p9::set_flag::mtime_given, request.mtime)}));
    }
    return {};
}

Result<> P9Server::serve(const p9::StatFs& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    struct statfs found{};
    if (::fstatfs(path_of(*fid->node), &found) != 0) return system_error();
    p9::Reply& out = with.reply;
    out.u32(static_cast<std::uint32_t>(found.f_type));
    out.u32(static_cast<std::uint32_t>(found.f_bsize));
    out.u64(found.f_blocks);
    out.u64(found.f_bfree);
    out.u64(found.f_bavail);
    out.u64(found.f_files);
    out.u64(found.f_ffree);
    out.u64(static_cast<std::uint32_t>(found.f_fsid.__val[0]) |
            std::uint64_t{static_cast<std::uint32_t>(found.f_fsid.__val[1])} << 32);
    out.u32(static_cast<std::uint32_t>(found.f_namelen));
    return {};
}

Result<> P9Server::serve(const p9::ReadLink& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    std::array<char, p9::max_path + 1> target;
    const ssize_t size = ::readlinkat(path_of(*fid->node), "", target.data(), target.size());
    if (size < 0) return system_error(errno == ENOENT ? EINVAL : errno);  // not a link
    if (static_cast<std::size_t>(size) == target.size()) return system_error(ENAMETOOLONG);
    with.reply.text({target.data(), static_cast<std::size_t>(size)});
    return {};
}

}  // namespace lkvm::vmm
