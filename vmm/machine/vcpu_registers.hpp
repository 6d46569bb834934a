// SPDX-License-Identifier: GPL-2.0-or-later
// The registers of a vCPU that stands still, for people.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include <lkvm/guest_memory.hpp>

#include "loongarch/csr/csr.hpp"

namespace lkvm::vmm {

struct ShownCsr {
    std::string_view name;
    unsigned number = 0;
};

/// What `lkvm debug` shows beside the general registers. LA Vol.1 §7.4 to §7.6.
inline constexpr std::array shown_csrs{
    ShownCsr{"CRMD", la::csr::crmd::number},   ShownCsr{"PRMD", la::csr::prmd::number},
    ShownCsr{"EUEN", la::csr::euen::number},   ShownCsr{"ECFG", la::csr::ecfg::number},
    ShownCsr{"ESTAT", la::csr::estat::number}, ShownCsr{"ERA", la::csr::ERA},
    ShownCsr{"BADV", la::csr::BADV},           ShownCsr{"EENTRY", la::csr::EENTRY},
    ShownCsr{"ASID", la::csr::asid::number},   ShownCsr{"PGDL", la::csr::PGDL},
    ShownCsr{"PGDH", la::csr::PGDH},           ShownCsr{"TCFG", la::csr::tcfg::number},
    ShownCsr{"TVAL", la::csr::TVAL},           ShownCsr{"TLBRERA", la::csr::tlbrera::number},
    ShownCsr{"DMW0", la::csr::dmw::number0},   ShownCsr{"DMW1", la::csr::dmw::number0 + 1},
};

struct VcpuRegisters {
    std::uint64_t pc = 0;
    std::array<std::uint64_t, 32> gpr{};
    std::array<std::uint64_t, shown_csrs.size()> csr{};
};

/// A table of several lines, then the instructions around pc if they can be found without walking
/// page tables. `cpu` is the vCPU's index.
[[nodiscard]] std::string describe(unsigned cpu, const VcpuRegisters& registers,
                                   const GuestMemory& memory);

/// pc and general registers in one line.
[[nodiscard]] std::string describe_briefly(const VcpuRegisters& registers);

}  // namespace lkvm::vmm
