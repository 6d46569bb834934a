// SPDX-License-Identifier: GPL-2.0-or-later
// Fills guest RAM from the files of the command line, for every boot anew.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "loongarch/boot/boot_load.hpp"
#include "loongarch/boot/efi_tables.hpp"
#include "vmm/boot/kernel_file.hpp"
#include "vmm/host/input_file.hpp"
#include "vmm/log.hpp"
#include "vmm/machine/guest_ram.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Keeps the files open, so that a reboot loads what the first boot did even if the names changed.
class GuestLoader {
public:
    /// Opens the files and checks what needs no RAM. Failures name option, value and what would
    /// do.
    [[nodiscard]] static Outcome<GuestLoader> open(const MachineConfig& config);

    /// Loads kernel, initrd, device tree and boot tables into cleared RAM. `virtio_slots` as in
    /// the device tree's configuration.
    [[nodiscard]] Outcome<la::BootState> load(GuestRam& ram, std::uint32_t virtio_slots,
                                              StderrLog& log);

private:
    GuestLoader(const MachineConfig& config, InputFile kernel)
        : config_(config)
        , kernel_(std::move(kernel)) {}

    [[nodiscard]] Outcome<la::BootLayout> plan(const GuestRam& ram, const Kernel& kernel) const;
    [[nodiscard]] Failure layout_failure(Error error, const GuestRam& ram,
                                         const Kernel& kernel) const;
    [[nodiscard]] Outcome<std::span<const std::byte>> build_tree(const GuestRam& ram,
                                                                 const la::BootLayout& layout,
                                                                 std::uint32_t virtio_slots);
    [[nodiscard]] Outcome<> dump_tree(std::span<const std::byte> tree) const;

    MachineConfig config_;
    InputFile kernel_;
    std::optional<InputFile> initrd_;
    std::vector<std::byte> tree_;
    bool dumped_ = false;
};

}  // namespace lkvm::vmm
