// SPDX-License-Identifier: GPL-2.0-or-later
// Requests of 9P2000.L, from bytes to types.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

#include <lkvm/result.hpp>

#include "virtio/p9/protocol.hpp"

namespace lkvm::virtio::p9 {

// Texts refer to the decoded bytes. Those called `name` are one component of a path: not empty, no
// '/', no NUL, at most max_name bytes; they may be "." or "..", except where something is created
// or removed. Other texts have no NUL and at most max_path bytes.

struct Version {
    std::uint32_t msize = 0;
    std::string_view version;
};
struct Auth {};
struct Attach {
    std::uint32_t fid = 0;
    std::uint32_t auth_fid = 0;
    std::string_view tree;       ///< a path below the shared directory
    std::uint32_t uid = no_uid;  ///< whose requests these will be
};
struct Flush {
    std::uint16_t old_tag = 0;
};
struct Walk {
    std::uint32_t fid = 0;
    std::uint32_t new_fid = 0;
    std::array<std::string_view, max_walk> names;
    std::uint16_t name_count = 0;
};
struct Open {
    std::uint32_t fid = 0;
    std::uint32_t flags = 0;
};
struct Create {
    std::uint32_t fid = 0;  ///< a directory; becomes the new file
    std::string_view name;
    std::uint32_t flags = 0;
    std::uint32_t mode = 0;
    std::uint32_t gid = 0;
};
struct Read {
    std::uint32_t fid = 0;
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
};
/// The data follows in the chain, at least `count` bytes of it.
struct Write {
    std::uint32_t fid = 0;
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
};
struct ReadDirectory {
    std::uint32_t fid = 0;
    std::uint64_t offset = 0;
    std::uint32_t count = 0;
};
struct Clunk {
    std::uint32_t fid = 0;
};
struct Remove {
    std::uint32_t fid = 0;
};
struct GetAttributes {
    std::uint32_t fid = 0;
    std::uint64_t mask = 0;
};
struct Time {
    std::uint64_t seconds = 0;
    std::uint64_t nanoseconds = 0;
};
struct SetAttributes {
    std::uint32_t fid = 0;
    std::uint32_t valid = 0;  ///< of set_flag
    std::uint32_t mode = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::uint64_t size = 0;
    Time atime;
    Time mtime;
};
struct StatFs {
    std::uint32_t fid = 0;
};
struct ReadLink {
    std::uint32_t fid = 0;
};
struct Symlink {
    std::uint32_t directory = 0;
    std::string_view name;
    std::string_view target;
    std::uint32_t gid = 0;
};
struct MakeNode {
    std::uint32_t directory = 0;
    std::string_view name;
    std::uint32_t mode = 0;
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    std::uint32_t gid = 0;
};
struct MakeDirectory {
    std::uint32_t directory = 0;
    std::string_view name;
    std::uint32_t mode = 0;
    std::uint32_t gid = 0;
};
struct Link {
    std::uint32_t directory = 0;
    std::uint32_t fid = 0;
    std::string_view name;
};
struct Rename {
    std::uint32_t fid = 0;
    std::uint32_t directory = 0;
    std::string_view name;
};
struct RenameAt {
    std::uint32_t old_directory = 0;
    std::string_view old_name;
    std::uint32_t new_directory = 0;
    std::string_view new_name;
};
struct UnlinkAt {
    std::uint32_t directory = 0;
    std::string_view name;
    std::uint32_t flags = 0;
};
struct Fsync {
    std::uint32_t fid = 0;
    bool data_only = false;
};
struct Lock {
    std::uint32_t fid = 0;
    LockType type = LockType::read;
    std::uint32_t flags = 0;
    std::uint64_t start = 0;
    std::uint64_t length = 0;
    std::uint32_t process = 0;
    std::string_view client;
};
struct GetLock {
    std::uint32_t fid = 0;
    LockType type = LockType::read;
    std::uint64_t start = 0;
    std::uint64_t length = 0;
    std::uint32_t process = 0;
    std::string_view client;
};
struct XattrWalk {
    std::uint32_t fid = 0;
    std::uint32_t new_fid = 0;
    std::string_view attribute;
};
struct XattrCreate {
    std::uint32_t fid = 0;
    std::string_view attribute;
    std::uint64_t size = 0;
    std::uint32_t flags = 0;
};

using Request = std::variant<Version, Auth, Attach, Flush, Walk, Open, Create, Read, Write,
                             ReadDirectory, Clunk, Remove, GetAttributes, SetAttributes, StatFs,
                             ReadLink, Symlink, MakeNode, MakeDirectory, Link, Rename, RenameAt,
                             UnlinkAt, Fsync, Lock, GetLock, XattrWalk, XattrCreate>;

/// What every message starts with.
struct Header {
    std::uint32_t size = 0;
    std::uint8_t type = 0;
    std::uint16_t tag = no_tag;
};

/// `bytes` holds at least header_size bytes.
[[nodiscard]] Header decode_header(std::span<const std::byte> bytes);

/// Decodes what follows the header of a message of this type; of a Twrite only what comes before
/// the data. Bytes after the last field are ignored, as Linux' client does. Errors: `not_supported`
/// (no such request), `truncated` (the body ends within a field), `out_of_range` (a text or a list
/// is too long), `invalid_argument` (a name that cannot be one), `bad_format` (a NUL in a text, an
/// unknown lock type).
[[nodiscard]] Result<Request> decode_request(std::uint8_t type, std::span<const std::byte> body);

}  // namespace lkvm::virtio::p9
