// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/p9/directory_listing.hpp"

#include <cerrno>
#include <cstring>

#include "vmm/host/p9/shared_directory.hpp"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// What getdents64 fills in, before the name.
struct EntryHead {
    std::uint64_t inode;
    std::int64_t next_offset;
    std::uint16_t size;
    std::uint8_t type;
};
constexpr std::size_t name_offset = 19;
static_assert(offsetof(EntryHead, type) + 1 == name_offset);

}  // namespace

Result<> DirectoryListing::seek(std::uint64_t offset) {
    if (::lseek(directory_, static_cast<off_t>(offset), SEEK_SET) < 0) return system_error();
    return {};
}

Result<std::optional<DirectoryEntry>> DirectoryListing::peek() {
    if (position_ == filled_) {
        const long count = ::syscall(SYS_getdents64, directory_, buffer_.data(), buffer_.size());
        if (count < 0) return system_error();
        position_ = 0;
        filled_ = static_cast<std::size_t>(count);
        if (filled_ == 0) return std::optional<DirectoryEntry>{};
    }
    EntryHead head;
    const std::byte* const here = buffer_.data() + position_;
    std::memcpy(&head, here, name_offset);
    entry_size_ = head.size;
    // The kernel ends names with NUL.
    return std::optional{DirectoryEntry{reinterpret_cast<const char*>(here) + name_offset,
                                        head.inode, static_cast<std::uint64_t>(head.next_offset),
                                        head.type}};
}

void DirectoryListing::advance() {
    position_ += entry_size_;
}

}  // namespace lkvm::vmm
