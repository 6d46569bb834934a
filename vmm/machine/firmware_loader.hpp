// SPDX-License-Identifier: GPL-2.0-or-later
// UEFI firmware in the place of a kernel, and what it finds: its flash, the configuration device
// with kernel, initial RAM disk and command line, the device tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <lkvm/guest_memory.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/boot/boot_load.hpp"
#include "loongarch/platform/firmware/acpi_tables.hpp"
#include "loongarch/platform/firmware/fw_cfg.hpp"
#include "loongarch/platform/firmware/nor_flash.hpp"
#include "vmm/host/memory_mapping.hpp"
#include "vmm/host/variable_store.hpp"
#include "vmm/log.hpp"
#include "vmm/machine/guest_ram.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Has all files in memory, so that a reboot starts what the first boot did. Main thread.
class FirmwareLoader {
public:
    /// Reads the files. Failures name option and file.
    [[nodiscard]] static Outcome<FirmwareLoader> open(const MachineConfig& config);

    /// Puts the devices on the bus, once; this object must then stay alive as long as the bus.
    [[nodiscard]] Outcome<> attach(MmioBus& bus, const GuestMemory& memory);

    /// Of the firmware, for memory_map::firmware_base.
    [[nodiscard]] std::span<std::byte> code() const { return code_.bytes(); }

    /// Device tree and configuration for one more boot, in cleared RAM.
    [[nodiscard]] Outcome<la::BootState> load(GuestRam& ram, std::uint32_t virtio_slots,
                                              StderrLog& log);

private:
    explicit FirmwareLoader(const MachineConfig& config)
        : config_(config) {}

    [[nodiscard]] Outcome<> load_tree(GuestRam& ram, std::uint32_t virtio_slots);
    void set_items(const RamBanks& banks, std::uint32_t virtio_slots);

    MachineConfig config_;
    MemoryMapping code_;
    VariableStore variables_;
    std::vector<std::byte> kernel_;
    std::vector<std::byte> initrd_;
    std::vector<std::byte> memory_map_;
    // The bus refers to them.
    std::unique_ptr<la::AcpiTables> acpi_;
    std::unique_ptr<la::FwCfg> fw_cfg_;
    std::unique_ptr<la::NorFlash> flash_;
    bool dumped_ = false;
};

}  // namespace lkvm::vmm
