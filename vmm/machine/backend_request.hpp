// SPDX-License-Identifier: GPL-2.0-or-later
// What a machine hands to whatever makes its backend.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <lkvm/clock.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "vmm/machine/backend.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Parts of the machine that outlive the backend. The backend may register itself as the memory's
/// write observer.
struct BackendRequest {
    unsigned cpu_count = 1;
    GuestMemory& memory;
    const MmioBus& bus;
    Iocsr& iocsr;
    Clock& clock;
    /// Start-up code of secondary CPUs, or firmware; read-only for the guest, at
    /// memory_map::boot_rom_base.
    std::span<std::byte> boot_rom{};
    /// Where to write an execution trace; empty: none.
    std::string trace_file{};
    /// Where to note instruction counts at marker instructions; empty: nowhere.
    std::string marker_file{};
    /// The software CPU offers the virtualization extension.
    bool lvz = false;
    /// Bound of what the software CPU keeps of decoded instructions, all vCPUs together.
    std::size_t code_cache_bytes = default_code_cache;
    KvmOptions kvm{};
    /// Where each vCPU's thread may run; empty: anywhere. Copied.
    std::vector<CpuList> affinity{};
    /// Bit n: pin n is edge-triggered, so that a signal is one event.
    std::uint32_t edge_pins = 0;
    /// Told once, on a vCPU's thread, if the host cannot go on running the guest; with a report.
    std::function<void(const std::string&)> fatal{};
};

/// Makes a backend, or says why this host cannot run it.
using MakeBackend = std::function<Outcome<std::unique_ptr<Backend>>(const BackendRequest&)>;

}  // namespace lkvm::vmm
