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

/// A byte that turns the board off when it is written there.
struct PowerOffRegister {
    std::uint64_t address = 0;  ///< 0: the board has none that we can drive
    std::uint8_t value = 0;
};

/// From the root pointer at physical `root`, which EFI names: CPUIDs of the CPUs that may be
/// started go to the front of `cpus`. Returns their number. Errors: `bad_format`, `not_found` (no
/// table of CPUs), `too_many`.
[[nodiscard]] Result<unsigned> read_acpi_cpus(std::uint64_t root, std::span<unsigned> cpus);

/// Only hardware-reduced boards have such a register; the value is in the definition block.
[[nodiscard]] PowerOffRegister find_acpi_power_off(std::uint64_t root);

}  // namespace lkvm::hv
