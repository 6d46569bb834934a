// SPDX-License-Identifier: GPL-2.0-or-later
// The board as firmware's ACPI tables describe it: its CPUs and how to turn it off.
// ACPI 6.5 §5.2.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/result.hpp>

namespace lkvm::hv {

/// What turns the board off when it is written.
struct PowerOffRegister {
    std::uint64_t address = 0;  ///< 0: the board has none that we can drive
    std::uint32_t value = 0;
    unsigned size = 0;  ///< in bytes: 1, 2 or 4
};

/// From the root pointer at physical `root`, which EFI names: CPUIDs of the CPUs that may be
/// started go to the front of `cpus`. Returns their number. Errors: `bad_format`, `not_found` (no
/// table of CPUs), `too_many`.
[[nodiscard]] Result<unsigned> read_acpi_cpus(std::uint64_t root, std::span<unsigned> cpus);

/// The sleep control register of a board with reduced hardware, or the PM1 control register of
/// another; what goes there is in the definition block.
[[nodiscard]] PowerOffRegister find_acpi_power_off(std::uint64_t root);

}  // namespace lkvm::hv
