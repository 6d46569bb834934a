// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers of the 9P2000.L file protocol, as Linux' client speaks it (fs/9p, net/9p).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lkvm::virtio::p9 {

inline constexpr std::string_view protocol_version = "9P2000.L";

/// Requests; the reply to each has the next number.
enum class MessageType : std::uint8_t {
    lerror = 6,
    statfs = 8,
    lopen = 12,
    lcreate = 14,
    symlink = 16,
    mknod = 18,
    rename = 20,
    readlink = 22,
    getattr = 24,
    setattr = 26,
    xattrwalk = 30,
    xattrcreate = 32,
    readdir = 40,
    fsync = 50,
    lock = 52,
    getlock = 54,
    link = 70,
    mkdir = 72,
    renameat = 74,
    unlinkat = 76,
    version = 100,
    auth = 102,
    attach = 104,
    flush = 108,
    walk = 110,
    read = 116,
    write = 118,
    clunk = 120,
    remove = 122,
};

/// size[4] type[1] tag[2]
inline constexpr std::size_t header_size = 7;
/// Rlerror: header ecode[4]. Room for one is what every request must bring.
inline constexpr std::size_t error_reply_size = header_size + 4;
/// Rread, Rreaddir: header count[4].
inline constexpr std::size_t data_reply_head = header_size + 4;
/// Twrite up to the data: header fid[4] offset[8] count[4].
inline constexpr std::size_t write_head = header_size + 16;

inline constexpr std::uint16_t no_tag = 0xffff;
inline constexpr std::uint32_t no_fid = 0xffffffff;
inline constexpr std::uint32_t no_uid = 0xffffffff;

/// Largest number of names in one walk.
inline constexpr std::size_t max_walk = 16;
/// As Linux' NAME_MAX and PATH_MAX; longer texts are refused.
inline constexpr std::size_t max_name = 255;
inline constexpr std::size_t max_path = 4095;

/// Longest name of a share, in bytes.
inline constexpr std::size_t max_tag = 255;

/// Sizes of messages that can be agreed on.
inline constexpr std::uint32_t min_msize = 4096;
inline constexpr std::uint32_t max_msize = 1u << 20;

/// The server's name of a file. The client compares all of it.
struct Qid {
    std::uint8_t type = 0;
    std::uint32_t version = 0;
    std::uint64_t path = 0;

    friend constexpr bool operator==(const Qid&, const Qid&) = default;
};
inline constexpr std::size_t qid_size = 13;

namespace qid_type {

inline constexpr std::uint8_t directory = 0x80;
inline constexpr std::uint8_t symlink = 0x02;
inline constexpr std::uint8_t file = 0x00;

}  // namespace qid_type

/// Tlopen, Tlcreate: Linux' open flags, with the numbers that most architectures use.
namespace open_flag {

inline constexpr std::uint32_t access_mode = 3;  // 0 read, 1 write, 2 both
inline constexpr std::uint32_t write_only = 1;
inline constexpr std::uint32_t read_write = 2;
inline constexpr std::uint32_t create = 0100;
inline constexpr std::uint32_t exclusive = 0200;
inline constexpr std::uint32_t truncate = 01000;
inline constexpr std::uint32_t append = 02000;
inline constexpr std::uint32_t data_sync = 010000;
inline constexpr std::uint32_t directory = 0200000;
inline constexpr std::uint32_t sync = 04000000;

}  // namespace open_flag

/// Tgetattr, Rgetattr: all that `stat` shows.
inline constexpr std::uint64_t attributes_basic = 0x7ff;

/// Tsetattr.
namespace set_flag {

inline constexpr std::uint32_t mode = 1;
inline constexpr std::uint32_t uid = 2;
inline constexpr std::uint32_t gid = 4;
inline constexpr std::uint32_t size = 8;
inline constexpr std::uint32_t atime = 0x10;
inline constexpr std::uint32_t mtime = 0x20;
inline constexpr std::uint32_t ctime = 0x40;
inline constexpr std::uint32_t atime_given = 0x80;  // else now
inline constexpr std::uint32_t mtime_given = 0x100;

}  // namespace set_flag

/// Tunlinkat: the name is a directory's.
inline constexpr std::uint32_t remove_directory = 0x200;

/// Tlock, Tgetlock.
enum class LockType : std::uint8_t { read = 0, write = 1, unlock = 2 };
enum class LockStatus : std::uint8_t { success = 0, blocked = 1, error = 2, grace = 3 };

}  // namespace lkvm::virtio::p9
