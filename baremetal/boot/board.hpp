// SPDX-License-Identifier: GPL-2.0-or-later
// The board as firmware describes it: EFI tables, device tree or ACPI.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/result.hpp>

#include "baremetal/firmware/acpi.hpp"
#include "baremetal/memory/board_memory.hpp"

namespace lkvm::hv {

inline constexpr unsigned max_board_cpus = 64;
inline constexpr std::size_t max_board_virtio = 32;

struct Board {
    BoardMemory memory;
    std::array<unsigned, max_board_cpus> cpus{};  ///< CPUIDs
    unsigned cpu_count = 0;
    std::array<std::uint64_t, max_board_virtio> virtio{};  ///< virtio-mmio windows
    std::size_t virtio_count = 0;
    std::uint64_t edge_pins = 0;  ///< inputs of the PCH-PIC that are triggered by an edge
    PowerOffRegister power_off;
    std::span<const std::byte> bundle;
    std::span<const std::byte> random_seed;  ///< of firmware's, may be empty
};

/// Reads the system table at physical `system_table`. What firmware left in the memory that is
/// still needed (device tree, bundle) and this program are taken out of `memory`. Errors:
/// `not_found` (neither device tree nor ACPI, no bundle), `bad_format`, `too_many`.
[[nodiscard]] Result<> read_board(std::uint64_t system_table, Board& board);

}  // namespace lkvm::hv
