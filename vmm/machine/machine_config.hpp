// SPDX-License-Identifier: GPL-2.0-or-later
// One machine as the command line describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vmm/cli/number.hpp"
#include "vmm/devices/device_options.hpp"
#include "vmm/host/cpu_list.hpp"
#include "vmm/host/input_file.hpp"

namespace lkvm::vmm {

enum class Accelerator : unsigned char { automatic, kvm, soft };

/// Who models the interrupt chips under KVM.
enum class IrqchipChoice : unsigned char { automatic, kernel, user };

/// Switches of the KVM backend; a feature that the host lacks stays off.
struct KvmOptions {
    IrqchipChoice irqchip = IrqchipChoice::automatic;
    bool lsx = true;
    bool lasx = true;
    bool lbt = true;
    bool pmu = true;
    bool ptw = true;
    bool steal_time = true;
    bool pv_ipi = true;
};

/// An option as it was given that only one backend can fulfil.
struct BackendOption {
    std::string option;   ///< with its value
    std::string allowed;  ///< instead of it, with the other backend
};

inline constexpr std::uint64_t default_code_cache = std::uint64_t{32} << 20;

struct MachineConfig {
    std::string kernel;         ///< path; empty: none, only with firmware
    std::string initrd;         ///< path; empty: none
    bool wants_initrd = false;  ///< none was given, the built one leads to the root file system
    /// Where they are in those files; nothing: the whole files.
    std::optional<FilePart> kernel_part;
    std::optional<FilePart> initrd_part;
    std::string firmware;   ///< path; empty: the kernel is started without firmware
    std::string variables;  ///< path of the firmware's variables; empty: kept in memory only
    std::string bundle;     ///< path of a bundle whose zone `zone` is to run; empty: none
    std::string zone;
    std::string command_line;
    std::vector<MemoryRequest> memory;
    unsigned cpu_count = 1;
    std::vector<CpuList> affinity;  ///< of the vCPUs' threads; empty: anywhere
    std::string hugetlbfs;          ///< directory; empty: ordinary memory
    std::string name;
    std::string control_socket;  ///< path; empty: none
    Accelerator accelerator = Accelerator::automatic;
    std::string dump_dtb;  ///< path; empty: do not
    std::optional<std::uint64_t> load_address;
    DeviceOptions devices;
    bool no_reboot = false;
    std::string trace_file;                               ///< path; empty: no trace
    std::string marker_file;                              ///< path; empty: no notes
    bool lvz = false;                                     ///< offer the virtualization extension
    std::uint64_t code_cache_bytes = default_code_cache;  ///< software CPU
    KvmOptions kvm;
    std::vector<BackendOption> soft_only;  ///< given, and in vain under KVM
    std::vector<BackendOption> kvm_only;   ///< given, and in vain on the software CPU
};

}  // namespace lkvm::vmm
