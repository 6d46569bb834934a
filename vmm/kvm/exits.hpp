// SPDX-License-Identifier: GPL-2.0-or-later
// What a vCPU's exit asks of user space. KVM api KVM_RUN.
#pragma once

#include <cstdint>
#include <string>

#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/ram_banks.hpp>

#include "vmm/kvm/abi.hpp"

namespace lkvm::vmm::kvm {

/// Who answers the guest's accesses.
struct ExitServices {
    const MmioBus& bus;
    Iocsr& iocsr;
    const RamBanks& ram;
};

enum class ExitOutcome : std::uint8_t {
    resume,       ///< answered: run on
    interrupted,  ///< nothing happened; look at requests
    host_memory,  ///< the host could not give a page of the guest's RAM
    unknown,      ///< an exit that lkvm does not know, or an internal error of the kernel
};

/// Answers the exit in `run` of vCPU `cpu`. Pure but for the services; vCPU thread.
[[nodiscard]] ExitOutcome handle_exit(Run& run, unsigned cpu, const ExitServices& services);

/// How often a vCPU came to user space, by reason.
struct ExitCounts {
    std::uint64_t mmio_reads = 0;
    std::uint64_t mmio_writes = 0;
    std::uint64_t iocsr_reads = 0;
    std::uint64_t iocsr_writes = 0;
    std::uint64_t hypercalls = 0;
    std::uint64_t interrupted = 0;  ///< by signals
    std::uint64_t others = 0;

    void count(const Run& run);
    ExitCounts& operator+=(const ExitCounts& more);
};

/// "mmio reads 12, ...": what is not 0.
[[nodiscard]] std::string describe_counts(const ExitCounts& counts);

/// The exit in words, for the report of one that cannot be answered.
[[nodiscard]] std::string describe_exit(const Run& run);

}  // namespace lkvm::vmm::kvm
