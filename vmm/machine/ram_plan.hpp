// SPDX-License-Identifier: GPL-2.0-or-later
// The rules for RAM banks asked for on the command line.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <lkvm/ram_banks.hpp>

#include "vmm/cli/number.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

inline constexpr std::uint64_t default_ram_size = std::uint64_t{512} << 20;

/// Banks (not yet mapped) and what the user should hear about them.
struct RamPlan {
    RamBanks banks;
    std::vector<std::string> warnings;
};

/// Turns `requests` (none: default_ram_size) into banks below `address_limit`, the end of the
/// guest-physical space that CPU and backend offer (exclusive, above default_ram_base). Every
/// broken rule is a usage failure.
[[nodiscard]] Outcome<RamPlan> plan_ram(std::span<const MemoryRequest> requests,
                                        std::uint64_t address_limit);

/// The same for firmware, which lives in low memory: one size without address is divided.
[[nodiscard]] Outcome<RamPlan> plan_firmware_ram(std::span<const MemoryRequest> requests,
                                                 std::uint64_t address_limit);

}  // namespace lkvm::vmm
