// SPDX-License-Identifier: GPL-2.0-or-later
// virtio devices of the board that the hypervisor itself uses.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/bundle.hpp>
#include <lkvm/result.hpp>

#include "baremetal/boot/board.hpp"
#include "baremetal/device/arena.hpp"
#include "baremetal/driver/board_disk.hpp"

namespace lkvm::hv {

/// Disks in the order of the board's description, and what its entropy device gave. Boot CPU.
class BoardDevices {
public:
    static constexpr std::size_t max_disks = 16;

    /// Starts every disk and entropy device but those that belong to a zone. What does not start
    /// is reported and left out.
    void start(const Board& board, std::span<const bundle::Zone> zones, Arena& arena);

    [[nodiscard]] std::span<BoardDisk* const> disks() const { return {disks_.data(), disk_count_}; }
    [[nodiscard]] std::span<const std::byte> random_bytes() const {
        return std::span{random_}.first(random_size_);
    }

private:
    [[nodiscard]] Result<> start_disk(std::uint64_t base, Arena& arena);
    [[nodiscard]] Result<> read_entropy(std::uint64_t base, Arena& arena);

    std::array<BoardDisk*, max_disks> disks_{};
    std::size_t disk_count_ = 0;
    std::array<std::byte, 64> random_{};
    std::size_t random_size_ = 0;
};

}  // namespace lkvm::hv
