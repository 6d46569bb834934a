// SPDX-License-Identifier: GPL-2.0-or-later
// Opening, reading and writing of shared files and directories.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <lkvm/endian.hpp>

#include "vmm/host/p9/directory_listing.hpp"
#include "vmm/host/p9/p9_server.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace p9 = virtio::p9;

namespace {

constexpr std::size_t max_pieces = p9::Reply::max_segments;

/// Flags of open() for those of the guest that mean something here. Left out: O_APPEND, as a guest
/// says with every write where it goes, and its page cache may write back through the same fid.
int open_flags(std::uint32_t guest) {
    int flags = 0;
    const std::uint32_t access = guest & p9::open_flag::access_mode;
    if (access == p9::open_flag::write_only) flags = O_WRONLY;
    if (access == p9::open_flag::read_write) flags = O_RDWR;
    if ((guest & p9::open_flag::truncate) != 0) flags |= O_TRUNC;
    if ((guest & p9::open_flag::data_sync) != 0) flags |= O_DSYNC;
    if ((guest & p9::open_flag::sync) == p9::open_flag::sync) flags |= O_SYNC;
    return flags;
}

bool wants_write(std::uint32_t guest) {
    return (guest & (p9::open_flag::access_mode | p9::open_flag::truncate)) != 0;
}

bool writable_file(std::uint32_t guest) {
    return (guest & p9::open_flag::access_mode) != 0;
}

std::size_t to_iovec(std::span<const HostBuffer> buffers, std::array<iovec, max_pieces>& out) {
    for (std::size_t i = 0; i < buffers.size(); ++i) out[i] = {buffers[i].data, buffers[i].size};
    return buffers.size();
}

/// Repeats a transfer that a signal interrupted.
template<class Transfer>
Result<std::uint32_t> transfer(Transfer call) {
    while (true) {
        const ssize_t count = call();
        if (count >= 0) return static_cast<std::uint32_t>(count);
        if (errno != EINTR) return system_error();
    }
}

void copy_to(std::span<const HostBuffer> buffers, std::span<const std::byte> bytes) {
    for (const HostBuffer& buffer : buffers) {
        const std::size_t part = std::min(buffer.size, bytes.size());
        if (part == 0) return;
        std::memcpy(buffer.data, bytes.data(), part);
        bytes = bytes.subspan(part);
    }
}

void put(std::byte*& to, const void* bytes, std::size_t size) {
    std::memcpy(to, bytes, size);
    to += size;
}

}  // namespace

Result<> P9Server::check_writable() const {
    if (shared_.read_only()) return system_error(EROFS);
    return {};
}

Result<CountedFd> P9Server::open_node(const P9Node& node, std::uint32_t flags) {
    const struct stat found = LKVM_TRY(SharedDirectory::status(path_of(node)));
    if (wants_write(flags)) LKVM_TRY(check_writable());
    int host_flags = open_flags(flags);
    if (S_ISDIR(found.st_mode)) {
        if (wants_write(flags)) return system_error(EISDIR);
        host_flags |= O_DIRECTORY;
    } else if (S_ISLNK(found.st_mode)) {
        return system_error(ELOOP);
    } else if (!S_ISREG(found.st_mode)) {
        // The guest's kernel serves fifos, sockets and device nodes itself.
        return system_error(ENXIO);
    }
    if ((flags & p9::open_flag::directory) != 0 && !S_ISDIR(found.st_mode)) {
        return system_error(ENOTDIR);
    }
    UniqueFd file = LKVM_TRY(shared_.reopen(path_of(node), host_flags));
    return counted(std::move(file));
}

Result<> P9Server::serve(const p9::Open& request, Exchange& with) {
    P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    if (fid->file.valid()) return system_error(EBADF);
    CountedFd file = LKVM_TRY(open_node(*fid->node, request.flags));
    const struct stat found = LKVM_TRY(SharedDirectory::status(file.value()));
    fid->file = std::move(file);
    fid->writable = writable_file(request.flags);
    with.reply.qid(shared_.qid(found));
    with.reply.u32(0);  // as much as fits a message
    return {};
}

Result<> P9Server::serve(const p9::Create& request, Exchange& with) {
    LKVM_TRY(check_writable());
    P9Fid* const fid = LKVM_TRY(fids_.find(request.fid));
    if (fid->file.valid()) return system_error(EBADF);
    const int directory = path_of(*fid->node);
    const std::string name(request.name);
    Result<UniqueFd> made =
        shared_.create(directory, name, open_flags(request.flags), request.mode);
    const bool exists = !made.has_value() && made.error().detail == EEXIST;
    if (!made.has_value() && !exists) return made.error();
    if (exists && (request.flags & p9::open_flag::exclusive) != 0) return system_error(EEXIST);
    struct stat found{};
    if (made.has_value()) found = LKVM_TRY(adopt(made->value(), *fid, request.gid, request.mode));
    P9NodePtr node = LKVM_TRY(step(fid->node, name));
    if (exists) {
        fid->file = LKVM_TRY(open_node(*node, request.flags));
        found = LKVM_TRY(SharedDirectory::status(fid->file.value()));
    } else {
        fid->file = LKVM_TRY(counted(std::move(*made)));
    }
    fid->node = std::move(node);
    fid->writable = writable_file(request.flags);
    with.reply.qid(shared_.qid(found));
    with.reply.u32(0);
    return {};
}

Result<> P9Server::serve(const p9::Read& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(opened(request.fid));
    std::array<iovec, max_pieces> pieces;
    const std::size_t count = to_iovec(with.reply.data_buffers(request.count), pieces);
    const std::uint32_t done = LKVM_TRY(transfer([&] {
        return ::preadv(fid->file.value(), pieces.data(), static_cast<int>(count),
                        static_cast<off_t>(request.offset));
    }));
    with.reply.set_data(done);
    return {};
}

Result<> P9Server::serve(const p9::Write& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(opened(request.fid));
    std::array<iovec, max_pieces> pieces;
    const std::size_t count = to_iovec(with.data, pieces);
    const std::uint32_t done = LKVM_TRY(transfer([&] {
        return ::pwritev(fid->file.value(), pieces.data(), static_cast<int>(count),
                         static_cast<off_t>(request.offset));
    }));
    with.reply.u32(done);
    return {};
}

Result<> P9Server::serve(const p9::ReadDirectory& request, Exchange& with) {
    const P9Fid* const fid = LKVM_TRY(opened(request.fid));
    const struct stat directory = LKVM_TRY(SharedDirectory::status(fid->file.value()));
    if (!S_ISDIR(directory.st_mode)) return system_error(ENOTDIR);
    // An entry takes about as much in the host's form: what is read is mostly what is sent.
    constexpr std::size_t read_size = 32 * 1024;
    // qid[13] offset[8] type[1] name[s]
    constexpr std::size_t head = p9::qid_size + 8 + 1 + 2;
    const std::size_t room =
        std::min({std::size_t{request.count}, std::size_t{with.reply.data_room()}, read_size});
    entries_.resize(read_size + room);
    const std::span<std::byte> listed = std::span{entries_}.first(read_size);
    const std::span<std::byte> sent = std::span{entries_}.subspan(read_size);
    DirectoryListing listing(fid->file.value(), listed);
    LKVM_TRY(listing.seek(request.offset));
    std::byte* to = sent.data();
    bool more = false;
    while (true) {
        const std::optional<DirectoryEntry> entry = LKVM_TRY(listing.peek());
        if (!entry.has_value()) break;
        const std::size_t left = room - static_cast<std::size_t>(to - sent.data());
        more = head + entry->name.size() > left;
        if (more) break;
        const std::uint8_t type = entry->type == DT_DIR   ? p9::qid_type::directory
                                  : entry->type == DT_LNK ? p9::qid_type::symlink
                                                          : p9::qid_type::file;
        const Le32 version(0);
        const Le64 inode(shared_.inode(directory.st_dev, entry->inode));
        const Le64 offset(entry->next_offset);
        const Le16 length(static_cast<std::uint16_t>(entry->name.size()));
        put(to, &type, sizeof(type));
        put(to, &version, sizeof(version));
        put(to, &inode, sizeof(inode));
        put(to, &offset, sizeof(offset));
        put(to, &entry->type, sizeof(entry->type));
        put(to, &length, sizeof(length));
        put(to, entry->name.data(), entry->name.size());
        listing.advance();
    }
    const auto size = static_cast<std::uint32_t>(to - sent.data());
    // Nothing at all would mean the end.
    if (size == 0 && more) return system_error(EINVAL);
    copy_to(with.reply.data_buffers(size), sent.first(size));
    with.reply.set_data(size);
    return {};
}

Result<> P9Server::serve(const p9::Fsync& request, Exchange&) {
    const P9Fid* const fid = LKVM_TRY(opened(request.fid));
    const int fd = fid->file.value();
    if ((request.data_only ? ::fdatasync(fd) : ::fsync(fd)) != 0) return system_error();
    return {};
}

Result<> P9Server::serve(const p9::Lock& request, Exchange& with) {
    static_cast<void>(LKVM_TRY(opened(request.fid)));
    with.reply.u8(static_cast<std::uint8_t>(p9::LockStatus::success));
    return {};
}

Result<> P9Server::serve(const p9::GetLock& request, Exchange& with) {
    static_cast<void>(LKVM_TRY(opened(request.fid)));
    with.reply.u8(static_cast<std::uint8_t>(p9::LockType::unlock));
    with.reply.u64(request.start);
    with.reply.u64(request.length);
    with.reply.u32(request.process);
    with.reply.text(request.client);
    return {};
}

}  // namespace lkvm::vmm
