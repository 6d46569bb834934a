// SPDX-License-Identifier: GPL-2.0-or-later
// Reads the entries of an open directory in the pieces that a guest asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <lkvm/result.hpp>

namespace lkvm::vmm {

struct DirectoryEntry {
    std::string_view name;  ///< valid until the next call
    std::uint64_t inode = 0;
    std::uint64_t next_offset = 0;  ///< where the listing goes on after it
    std::uint8_t type = 0;          ///< DT_*
};

/// For one look at an open directory. Errors carry the system's error number.
class DirectoryListing {
public:
    /// `directory` is open for reading. `buffer` is aligned to 8 bytes and holds at least one entry
    /// with the longest name; what it cannot hold is read again next time.
    DirectoryListing(int directory, std::span<std::byte> buffer)
        : directory_(directory)
        , buffer_(buffer) {}

    /// Goes to an offset that an entry named, or 0 for the start. Before anything else.
    [[nodiscard]] Result<> seek(std::uint64_t offset);
    /// The entry here, or nothing at the end. Stays until advance().
    [[nodiscard]] Result<std::optional<DirectoryEntry>> peek();
    /// On to the next entry, after peek() returned one.
    void advance();

private:
    int directory_;
    std::span<std::byte> buffer_;
    std::size_t position_ = 0;
    std::size_t filled_ = 0;
    std::uint16_t entry_size_ = 0;  // of the entry that peek() returned last
};

}  // namespace lkvm::vmm
