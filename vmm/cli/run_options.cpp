// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/run_options.hpp"

#include <array>
#include <string_view>
#include <utility>

#include "loongarch/platform/memory_map.hpp"
#include "vmm/cli/device_arguments.hpp"
#include "vmm/cli/fields.hpp"
#include "vmm/cli/network_arguments.hpp"
#include "vmm/cli/number.hpp"
#include "vmm/cli/root_arguments.hpp"
#include "vmm/cli/share_arguments.hpp"
#include "vmm/control/control_folder.hpp"
#include "vmm/host/cpu_list.hpp"
#include "vmm/machine/choose_backend.hpp"
#include "vmm/text.hpp"

#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// "--mem 12Q: " and what is wrong with it.
Failure bad_value(std::string_view option, std::string_view value, std::string_view what) {
    return usage_failure(text(option, " '", value, "': ", what));
}

template<class T, std::size_t n>
using Choices = std::array<std::pair<std::string_view, T>, n>;

template<class T, std::size_t n>
Outcome<T> choose(std::string_view option, const std::string& value, const Choices<T, n>& choices) {
    std::string names;
    for (const auto& [name, result] : choices) {
        if (name == value) return result;
        if (!names.empty()) names += ", ";
        names += name;
    }
    return bad_value(option, value, text("expected one of ", names));
}

Outcome<std::vector<MemoryRequest>> check_memory(const std::vector<std::string>& options) {
    std::vector<MemoryRequest> requests;
    for (const std::string& option : options) {
        const ParsedMemory parsed = parse_memory(option);
        if (parsed.error == NumberError::too_large) {
            return bad_value("--mem", option,
                             parsed.error_in_address ? "the address does not fit 64 bits"
                                                     : "the size does not fit 64 bits");
        }
        if (parsed.error != NumberError::none) {
            return bad_value("--mem", option, "expected SIZE[BKMGTP][@ADDRESS[BKMGTP]]");
        }
        requests.push_back(parsed.request);
    }
    return requests;
}

Outcome<unsigned> check_cpus(const std::string& option) {
    if (option.empty()) return 1u;
    const Number number = parse_number(option);
    if (number.error != NumberError::none || number.value < 1 || number.value > la::max_cpus) {
        return bad_value("--cpus", option, text("expected a number from 1 to ", la::max_cpus));
    }
    return static_cast<unsigned>(number.value);
}

Outcome<std::uint64_t> check_code_cache(const std::string& option) {
    constexpr std::uint64_t least = std::uint64_t{1} << 20;
    constexpr std::uint64_t most = std::uint64_t{1} << 32;
    if (option.empty()) return default_code_cache;
    const Number number = parse_size(option, Unit::mega);
    if (number.error != NumberError::none || number.value < least || number.value > most) {
        return bad_value("--code-cache", option, "expected a size from 1M to 4G");
    }
    return number.value;
}

Outcome<std::optional<std::uint64_t>> check_load(const std::string& option) {
    if (option.empty()) return std::optional<std::uint64_t>{};
    const Number number = parse_size(option, Unit::byte);
    if (number.error != NumberError::none) {
        return bad_value("--load", option, "expected a guest-physical address such as 0x90200000");
    }
    return std::optional{number.value};
}

/// True for a virtio console.
Outcome<bool> check_console(const std::string& option) {
    static constexpr Choices<bool, 2> consoles{{{"serial", false}, {"virtio", true}}};
    if (option.empty()) return false;
    return choose("--console", option, consoles);
}

Outcome<LogLevel> check_log_level(const std::string& option) {
    static constexpr Choices<LogLevel, 5> levels{{{"error", LogLevel::error},
                                                  {"warning", LogLevel::warn},
                                                  {"warn", LogLevel::warn},
                                                  {"info", LogLevel::info},
                                                  {"debug", LogLevel::debug}}};
    if (option.empty()) return LogLevel::info;
    return choose("--loglevel", option, levels);
}

Outcome<Accelerator> check_accelerator(const std::string& option) {
    static constexpr Choices<Accelerator, 3> accelerators{
        {{"auto", Accelerator::automatic}, {"kvm", Accelerator::kvm}, {"soft", Accelerator::soft}}};
    if (option.empty()) return Accelerator::automatic;
    return choose("--accel", option, accelerators);
}

Outcome<IrqchipChoice> check_irqchip(const std::string& option) {
    static constexpr Choices<IrqchipChoice, 3> choices{{{"auto", IrqchipChoice::automatic},
                                                        {"kernel", IrqchipChoice::kernel},
                                                        {"user", IrqchipChoice::user}}};
    if (option.empty()) return IrqchipChoice::automatic;
    return choose("--irqchip", option, choices);
}

/// Notes what only one backend can do, so that nothing is ignored silently.
void note_backend_options(const RunOptions& options, MachineConfig& machine) {
    const auto note = [](std::vector<BackendOption>& list, std::string_view option,
                         const std::string& value) {
        if (!value.empty()) list.push_back({text(option, " '", value, '\''), "no such option"});
    };
    const auto note_flag = [](std::vector<BackendOption>& list, std::string_view option,
                              bool given) {
        if (given) list.push_back({std::string(option), "no such option"});
    };
    note_flag(machine.soft_only, "--lvz", options.lvz);
    note(machine.soft_only, "--trace", options.trace_file);
    note(machine.soft_only, "--markers", options.marker_file);
    note_flag(machine.soft_only, "--debug-single-step", options.single_step);
    note(machine.soft_only, "--code-cache", options.code_cache);
    if (machine.kvm.irqchip == IrqchipChoice::kernel) {
        machine.kvm_only.push_back({"--irqchip 'kernel'", "auto or user"});
    }
    note_flag(machine.kvm_only, "--disable-lsx", options.no_lsx);
    note_flag(machine.kvm_only, "--disable-lasx", options.no_lasx);
    note_flag(machine.kvm_only, "--disable-lbt", options.no_lbt);
    note_flag(machine.kvm_only, "--disable-pmu", options.no_pmu);
    note_flag(machine.kvm_only, "--disable-ptw", options.no_ptw);
    note_flag(machine.kvm_only, "--no-steal-time", options.no_steal_time);
    note_flag(machine.kvm_only, "--no-pv-ipi", options.no_pv_ipi);
}

/// What the description in a bundle says is not said again.
Outcome<> check_bundle(const RunOptions& options) {
    if (options.bundle.empty() != options.zone.empty()) {
        return usage_failure("--bundle FILE and --zone NAME go together");
    }
    if (options.bundle.empty()) return {};
    const std::pair<std::string_view, bool> described[] = {
        {"--kernel", !options.kernel.empty() || !options.kernel_argument.empty()},
        {"--initrd", !options.initrd.empty()},
        {"--params", !options.params.empty()},
        {"--nodefaults", options.no_defaults},
        {"--mem", !options.memory.empty()},
        {"--cpus", !options.cpus.empty()},
        {"--console", !options.console.empty()},
        {"--load", !options.load.empty()},
    };
    for (const auto& [option, given] : described) {
        if (given)
            return usage_failure(text(option, ": the bundle says this, expected no such option"));
    }
    return {};
}

Outcome<std::string> check_kernel(const RunOptions& options) {
    if (!options.bundle.empty()) return std::string{};
    if (!options.kernel.empty() && !options.kernel_argument.empty()) {
        return usage_failure(text("--kernel '", options.kernel, "' and '", options.kernel_argument,
                                  "': only one kernel can run"));
    }
    const std::string& kernel = options.kernel.empty() ? options.kernel_argument : options.kernel;
    if (kernel.empty() && !options.firmware.empty()) {
        if (options.initrd.empty() && options.params.empty()) return kernel;
        return usage_failure(
            text(options.initrd.empty() ? "--params" : "--initrd",
                 ": firmware is given this with a kernel, expected --kernel FILE"));
    }
    if (kernel.empty()) return usage_failure("run: no kernel given, expected --kernel FILE");
    return kernel;
}

/// "FILE[,vars=FILE]"
Outcome<> check_firmware(const RunOptions& options, MachineConfig& machine) {
    if (options.firmware.empty()) return {};
    if (!options.bundle.empty()) {
        return bad_value("--firmware", options.firmware,
                         "a zone of a bundle starts without firmware, expected no such option");
    }
    if (options.firmware.ends_with(',')) {
        return bad_value("--firmware", options.firmware, "nothing behind the last comma");
    }
    std::string_view rest = options.firmware;
    machine.firmware = next_field(rest);
    if (machine.firmware.empty()) {
        return bad_value("--firmware", options.firmware, "expected FILE[,vars=FILE]");
    }
    while (!rest.empty()) {
        const std::string_view field = next_field(rest);
        const auto variables = value_of(field, "vars");
        if (!variables.has_value() || variables->empty()) {
            return bad_value("--firmware", options.firmware,
                             text("'", field, "' is no option of it, expected vars=FILE"));
        }
        machine.variables = *variables;
    }
    if (!options.load.empty()) {
        return bad_value("--load", options.load,
                         "firmware chooses where the kernel goes, expected no such option");
    }
    return {};
}

/// By itself Linux with 16 KiB pages reports free memory only in pieces of 32 MiB, and only while
/// more than 1 GiB is free; 2^7 pages are a huge page of the host.
constexpr std::string_view balloon_command_line = " page_reporting.page_reporting_order=7";

std::string kernel_command_line(const RunOptions& options, const DeviceOptions& devices) {
    std::string line;
    if (!options.no_defaults) {
        line = options.console == "virtio" ? virtio_console_command_line : default_command_line;
        if (!options.firmware.empty()) line += firmware_earlycon;
        if (options.balloon) line += balloon_command_line;
        line += root_command_line(devices, !options.initrd.empty(), options.params);
    }
    for (const std::string& part : options.params) {
        if (!line.empty() && !part.empty()) line += ' ';
        line += part;
    }
    return line;
}

Outcome<std::string> check_name(const std::string& name) {
    if (name.empty()) return text("guest-", ::getpid());
    const bool usable = name.find_first_of("/\n") == std::string::npos && name.front() != '.';
    if (!usable || name.size() > 64) {
        return bad_value("--name", name,
                         "expected at most 64 characters without '/', not starting with '.'");
    }
    return name;
}

}  // namespace

Outcome<RunCommand> check_run_options(const RunOptions& options) {
    RunCommand command;
    MachineConfig& machine = command.machine;
    command.log_level = LKVM_CHECK(check_log_level(options.log_level));
    machine.devices.console = LKVM_CHECK(check_console(options.console));
    machine.devices.ports = LKVM_CHECK(check_ports(options.ports));
    LKVM_CHECK(check_bundle(options));
    machine.bundle = options.bundle;
    machine.zone = options.zone;
    machine.kernel = LKVM_CHECK(check_kernel(options));
    LKVM_CHECK(check_firmware(options, machine));
    machine.initrd = options.initrd;
    machine.memory = LKVM_CHECK(check_memory(options.memory));
    machine.cpu_count = LKVM_CHECK(check_cpus(options.cpus));
    machine.name = LKVM_CHECK(check_name(options.name.empty() ? options.zone : options.name));
    machine.control_socket = control_path(machine.name);
    machine.accelerator = LKVM_CHECK(check_accelerator(options.accelerator));
    machine.kvm.irqchip = LKVM_CHECK(check_irqchip(options.irqchip));
    note_backend_options(options, machine);
    LKVM_CHECK(check_backend_options(machine, machine.accelerator));
    machine.kvm.lsx = !options.no_lsx;
    machine.kvm.lasx = !options.no_lasx;
    machine.kvm.lbt = !options.no_lbt;
    machine.kvm.pmu = !options.no_pmu;
    machine.kvm.ptw = !options.no_ptw;
    machine.kvm.steal_time = !options.no_steal_time;
    machine.kvm.pv_ipi = !options.no_pv_ipi;
    machine.affinity = LKVM_CHECK(parse_affinity(options.affinity, machine.cpu_count));
    machine.hugetlbfs = options.hugetlbfs;
    if (!options.hugetlbfs.empty() && options.balloon) {
        // A huge page that was given back may be somebody else's when the guest wants it again.
        return bad_value("--hugetlbfs", options.hugetlbfs,
                         "memory that is reserved as a whole, expected no --balloon");
    }
    LKVM_CHECK(check_disks(options.disks, machine.devices));
    machine.command_line = kernel_command_line(options, machine.devices);
    machine.wants_initrd = options.initrd.empty() && !machine.kernel.empty() &&
                           !options.no_defaults && !options.disks.empty();
    machine.devices.rng = options.rng;
    machine.devices.balloon = options.balloon;
    if (!options.vsock.empty()) {
        machine.devices.vsock = LKVM_CHECK(parse_vsock(options.vsock, machine.name));
    }
    for (const std::string& share : options.shares) {
        ShareOptions parsed = LKVM_CHECK(parse_share(share));
        if (has_tag(machine.devices, parsed.tag)) {
            return bad_value("--9p", share, "there is another directory of that tag");
        }
        machine.devices.shares.push_back(std::move(parsed));
    }
    // A zone has the interfaces of its description, unless told otherwise.
    if (options.bundle.empty() || !options.networks.empty()) {
        machine.devices.networks = LKVM_CHECK(check_networks(options.networks));
    }
    for (const NetOptions& network : machine.devices.networks) {
        if (network.mode == NetMode::zones) {
            return bad_value("--network", network.argument,
                             "only zones of one board have such a network (lkvm pack)");
        }
    }
    machine.dump_dtb = options.dump_dtb;
    machine.load_address = LKVM_CHECK(check_load(options.load));
    machine.no_reboot = options.no_reboot;
    machine.trace_file = options.trace_file;
    machine.marker_file = options.marker_file;
    machine.lvz = options.lvz;
    machine.code_cache_bytes = LKVM_CHECK(check_code_cache(options.code_cache));
    if (options.single_step && machine.trace_file.empty()) machine.trace_file = "/dev/stderr";
    return command;
}

}  // namespace lkvm::vmm
