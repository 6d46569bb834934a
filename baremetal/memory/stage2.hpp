// SPDX-License-Identifier: GPL-2.0-or-later
// Guest-physical to physical translation of a zone: page tables that the refill vector walks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <lkvm/result.hpp>

#include "baremetal/memory/board_memory.hpp"

namespace lkvm::hv {

/// `device`: read-write and uncached, for registers.
enum class Stage2Access : std::uint8_t { read_only, read_write, device };

/// 16 KiB pages, three levels of 11 bits: 47-bit guest-physical addresses; 32 MiB blocks where
/// both addresses and the length allow. Built by the zone's first CPU before the zone runs.
class Stage2 {
public:
    static constexpr std::uint64_t page_size = 0x4000;
    static constexpr std::uint64_t block_size = 0x2000000;
    static constexpr std::uint64_t entries = 2048;  ///< of a table
    static constexpr std::uint64_t table_bytes = entries * 8;
    /// What root's PWCL, PWCH and STLBPS must hold.
    static constexpr std::uint64_t pwcl = 14 | 11 << 5 | 25 << 10 | 11 << 15;
    static constexpr std::uint64_t pwch = 36 | 11 << 6;
    static constexpr unsigned page_bits = 14;

    /// `pause` is called between pieces of long work; null: no need.
    using Pause = void (*)();
    explicit constexpr Stage2(Pause pause = nullptr)
        : pause_(pause) {}

    /// Tables come from `memory`. Errors: `no_space`; what was taken goes back with destroy().
    [[nodiscard]] Result<> create(BoardMemory& memory);
    /// Gives all tables back. The zone's CPUs must be out of the guest for good.
    void destroy(BoardMemory& memory);
    /// Maps `size` bytes at guest-physical `guest` to physical `host`; all multiples of page_size.
    /// Errors: `no_space`, `misaligned`.
    [[nodiscard]] Result<> map(BoardMemory& memory, std::uint64_t guest, std::uint64_t host,
                               std::uint64_t size, Stage2Access access);

    /// Physical address of the root table, for PGDL.
    [[nodiscard]] std::uint64_t root() const { return root_; }
    /// That of a table under which there is nothing, for PGDH: the walk begins there for
    /// guest-physical addresses with bit 47.
    [[nodiscard]] std::uint64_t nothing() const { return nothing_; }

private:
    void pause() const {
        if (pause_ != nullptr) pause_();
    }
    void destroy_directory(BoardMemory& memory, std::uint64_t directory) const;
    void clear(std::uint64_t table) const;
    [[nodiscard]] Result<std::uint64_t> new_table(BoardMemory& memory) const;
    [[nodiscard]] Result<std::uint64_t> table_at(BoardMemory& memory, std::uint64_t directory,
                                                 std::uint64_t index) const;

    Pause pause_;
    std::uint64_t root_ = 0;
    /// Full of its own address, which is no valid page: it does for absent tables of all levels.
    std::uint64_t nothing_ = 0;
};

}  // namespace lkvm::hv
