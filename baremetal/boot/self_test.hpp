// SPDX-License-Identifier: GPL-2.0-or-later
// Every CPU is tried before it gets a zone.
#pragma once

#include <span>

namespace lkvm::hv {

/// On each CPU of the board, each with its host events enabled. Checks that this one has LVZ,
/// numbers enough for guests, counts together with the others without a loss, and hears a doorbell.
/// The boot CPU prints the verdict; a CPU that fails stops here, and so does the board if one is
/// missing.
void check_cpu(bool boot_cpu, std::span<const unsigned> cpus);

}  // namespace lkvm::hv
