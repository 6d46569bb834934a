// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's RAM banks with host memory behind them.
#pragma once

#include <array>
#include <string>

#include <lkvm/guest_memory.hpp>
#include <lkvm/ram_banks.hpp>

#include "vmm/host/memory_mapping.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Owns mappings and bank table; GuestMemory refers to it. Main thread.
class GuestRam {
public:
    GuestRam() = default;
    GuestRam(const GuestRam&) = delete;
    GuestRam& operator=(const GuestRam&) = delete;

    /// Maps every bank of `plan`, from huge pages of the directory if there is one. Once.
    [[nodiscard]] Outcome<> map(const RamBanks& plan, const std::string& hugetlbfs = {});
    /// Zeroes all RAM; the vCPUs must stand still.
    void clear();

    [[nodiscard]] GuestMemory& memory() { return memory_; }
    [[nodiscard]] const RamBanks& banks() const { return banks_; }

private:
    RamBanks banks_;
    std::array<MemoryMapping, max_ram_banks> mappings_;
    GuestMemory memory_{banks_};
};

}  // namespace lkvm::vmm
