// SPDX-License-Identifier: GPL-2.0-or-later
// Cache of finished translations from guest-virtual pages to host memory, looked up inline by
// every load and store. Not architectural: entries come from the TLB, the direct windows or
// direct addressing and are dropped whenever those change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lkvm::la {

inline constexpr unsigned host_page_bits = 12;  ///< granule of the cache, the smallest guest page
inline constexpr std::uint64_t host_page_size = 1u << host_page_bits;
inline constexpr std::uint64_t host_page_mask = ~(host_page_size - 1);

struct SoftTlbEntry {
    /// Never equals a masked address: its low bits cannot all be set.
    static constexpr std::uint64_t empty = UINT64_MAX;

    std::uint64_t read_tag = empty;
    std::uint64_t write_tag = empty;
    std::uint64_t addend = 0;  ///< host address minus guest address
    std::uint64_t unused = 0;

    [[nodiscard]] bool is_empty() const { return read_tag == empty && write_tag == empty; }
};

class SoftTlb {
public:
    static constexpr std::size_t size = 512;

    [[nodiscard]] static std::size_t index(std::uint64_t address) {
        return (address >> host_page_bits) % size;
    }
    /// What a tag must equal for an aligned access of `bytes` (a power of two) at `address`.
    [[nodiscard]] static std::uint64_t tag(std::uint64_t address, std::uint64_t bytes) {
        return address & (host_page_mask | (bytes - 1));
    }
    [[nodiscard]] SoftTlbEntry& at(std::uint64_t address) { return entries_[index(address)]; }

    void flush() { entries_.fill(SoftTlbEntry{}); }

    /// Drops the pages of [address, address + bytes).
    void flush_range(std::uint64_t address, std::uint64_t bytes) {
        if (bytes >= size * host_page_size) return flush();
        for (std::uint64_t offset = 0; offset < bytes; offset += host_page_size) {
            at(address + offset) = SoftTlbEntry{};
        }
    }

    /// Drops what lies in the lower half of the address space (bit 63 clear).
    void flush_low_half() {
        for (SoftTlbEntry& entry : entries_) {
            if (!entry.is_empty() && ((entry.read_tag & entry.write_tag) >> 63) == 0) {
                entry = SoftTlbEntry{};
            }
        }
    }

    /// Makes writes to the host page at `host` take the slow path again.
    void revoke_writes(std::uint64_t host) {
        for (SoftTlbEntry& entry : entries_) {
            if (entry.write_tag != SoftTlbEntry::empty && entry.write_tag + entry.addend == host) {
                entry.write_tag = SoftTlbEntry::empty;
            }
        }
    }

private:
    std::array<SoftTlbEntry, size> entries_{};
};

}  // namespace lkvm::la
