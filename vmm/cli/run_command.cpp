// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/run_command.hpp"

#include <memory>
#include <utility>

#include "vmm/cli/root_arguments.hpp"
#include "vmm/machine/choose_backend.hpp"
#include "vmm/machine/guest_loader.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/machine/ram_plan.hpp"
#include "vmm/text.hpp"
#include "vmm/zones/hosted_zone.hpp"

#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// More RAM than the host has is legal, as it is only taken when touched, but rarely meant.
void compare_with_host(const RamBanks& banks, StderrLog& log) {
    const long pages = ::sysconf(_SC_PHYS_PAGES);
    const long page_size = ::sysconf(_SC_PAGESIZE);
    if (pages <= 0 || page_size <= 0) return;
    const std::uint64_t host =
        static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
    if (banks.total_size() <= host) return;
    log.warn(text("the guest's memory (", banks.total_size() >> 20,
                  "MB) exceeds that of the host (", host >> 20, "MB)"));
}

/// With a root file system and no initial RAM disk the one that we built, which has drivers.
void add_initrd(MachineConfig& config, StderrLog& log) {
    if (!config.wants_initrd) return;
    config.initrd = built_initrd();
    if (config.initrd.empty()) {
        log.warn(
            "no --initrd given and none built ('make assets'): the kernel needs the drivers of "
            "its root file system built in");
    } else {
        log.debug(text("no --initrd given, '", config.initrd, "' leads to the root file system"));
    }
}

Outcome<Machine::Loader> open_loader(const MachineConfig& config) {
    if (config.firmware.empty()) {
        return Machine::Loader{LKVM_CHECK(GuestLoader::open(config))};
    }
    return Machine::Loader{LKVM_CHECK(FirmwareLoader::open(config))};
}

}  // namespace

Outcome<ExitCode> run_machine(const MachineConfig& described, StderrLog& log) {
    MachineConfig config = described;
    HostedZoneFiles files;
    if (!config.bundle.empty()) LKVM_CHECK(apply_bundle(config, files, log));
    add_initrd(config, log);
    const BackendChoice choice = LKVM_CHECK(choose_backend(config.accelerator));
    LKVM_CHECK(check_backend_options(config, choice.accelerator));
    const bool firmware = !config.firmware.empty();
    const RamPlan plan =
        LKVM_CHECK(firmware ? plan_firmware_ram(config.memory, choice.address_limit)
                            : plan_ram(config.memory, choice.address_limit));
    for (const std::string& warning : plan.warnings) log.warn(warning);
    Machine::Loader loader = LKVM_CHECK(open_loader(config));
    compare_with_host(plan.banks, log);
    // Too big for the stack of a thread, and its members refer to each other.
    auto machine = std::make_unique<Machine>(config, std::move(loader), log);
    LKVM_CHECK(machine->prepare(plan.banks, choice.make));
    // Last of all, so that what cannot be set up is told in one line.
    log.info(choice.description);
    for (const RamBank& bank : plan.banks.all()) {
        log.info(text("Registered memory bank ", Hex{bank.base.value}, '-', Hex{bank.last()}));
    }
    Outcome<ExitCode> end = machine->run();
    if (machine->stuck()) Machine::leave_behind(std::move(machine));
    return end;
}

}  // namespace lkvm::vmm
