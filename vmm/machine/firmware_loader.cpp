// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/firmware_loader.hpp"

#include <cstring>
#include <utility>

#include <lkvm/endian.hpp>

#include "loongarch/platform/device_tree.hpp"
#include "loongarch/platform/firmware/smbios.hpp"
#include "vmm/host/input_file.hpp"
#include "vmm/host/output_file.hpp"
#include "vmm/host/random.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

namespace map = la::memory_map;

constexpr std::uint64_t rom_alignment = 0x10000;

/// Of the file "etc/memmap".
struct MemoryMapEntry {
    Le64 base;
    Le64 size;
    Le32 type{1u};  // RAM
    Le32 reserved{0u};
};
static_assert(sizeof(MemoryMapEntry) == 24);

/// Sizes are told in 32 bits.
constexpr std::uint64_t handed_limit = UINT32_MAX;

/// What firmware can start is a PE image.
bool is_pe(std::span<const std::byte> file) {
    return file.size() >= 2 && file[0] == std::byte{'M'} && file[1] == std::byte{'Z'};
}

}  // namespace

Outcome<FirmwareLoader> FirmwareLoader::open(const MachineConfig& config) {
    if (config.command_line.size() >= la::command_line_limit) {
        return usage_failure(text("--params: the kernel command line has ",
                                  config.command_line.size(), " characters, at most ",
                                  la::command_line_limit - 1, " are possible"));
    }
    FirmwareLoader loader(config);
    const InputFile file = LKVM_CHECK(InputFile::open("--firmware", config.firmware));
    const std::vector<std::byte> code = LKVM_CHECK(file.read_all(map::firmware_size));
    if (is_pe(code)) {
        return file.failure("an EFI application, not firmware: expected it with --kernel");
    }
    loader.code_ = LKVM_CHECK(
        MemoryMapping::create((code.size() + rom_alignment - 1) / rom_alignment * rom_alignment,
                              map::firmware_base.value));
    std::memcpy(loader.code_.bytes().data(), code.data(), code.size());
    if (!config.kernel.empty()) {
        const InputFile kernel = LKVM_CHECK(InputFile::open("--kernel", config.kernel));
        loader.kernel_ = LKVM_CHECK(kernel.read_all(handed_limit));
        if (!is_pe(loader.kernel_)) {
            return kernel.failure(
                "no EFI application, which is all that firmware starts: expected a vmlinuz or "
                "another PE image");
        }
    }
    if (!config.initrd.empty()) {
        const InputFile initrd = LKVM_CHECK(InputFile::open("--initrd", config.initrd));
        loader.initrd_ = LKVM_CHECK(initrd.read_all(handed_limit));
    }
    // Last, as it may make a file.
    loader.variables_ = LKVM_CHECK(VariableStore::open(config.variables, map::variables_size));
    return loader;
}

Outcome<> FirmwareLoader::attach(MmioBus& bus, const GuestMemory& memory) {
    acpi_ = std::make_unique<la::AcpiTables>();
    fw_cfg_ = std::make_unique<la::FwCfg>(memory);
    flash_ = std::make_unique<la::NorFlash>(variables_.bytes());
    // The platform's windows are constants that do not overlap.
    LKVM_MUST(bus.add(map::fw_cfg_base, map::fw_cfg_size, *fw_cfg_));
    LKVM_MUST(bus.add(map::variables_base, map::variables_size, *flash_));
    return {};
}

void FirmwareLoader::set_items(const RamBanks& banks, std::uint32_t virtio_slots) {
    using enum la::FwCfgKey;
    memory_map_.clear();
    for (const RamBank& bank : banks.all()) {
        MemoryMapEntry entry;
        entry.base = bank.base.value;
        entry.size = bank.size;
        const auto bytes = std::as_bytes(std::span{&entry, 1});
        memory_map_.insert(memory_map_.end(), bytes.begin(), bytes.end());
    }
    const auto size32 = [](std::size_t size) { return static_cast<std::uint32_t>(size); };
    fw_cfg_->reset();
    fw_cfg_->set_number(ram_size, banks.total_size());
    fw_cfg_->set_number(cpu_count, static_cast<std::uint16_t>(config_.cpu_count));
    fw_cfg_->set_number(max_cpus, static_cast<std::uint16_t>(config_.cpu_count));
    // A handful of files with names that fit, and tables whose room is for all CPUs and slots.
    LKVM_MUST(fw_cfg_->add_file("etc/memmap", memory_map_));
    LKVM_MUST(acpi_->build(config_.cpu_count, virtio_slots, banks));
    LKVM_MUST(fw_cfg_->add_file(la::AcpiTables::tables_file, acpi_->tables()));
    LKVM_MUST(fw_cfg_->add_file(la::AcpiTables::root_file, acpi_->root()));
    LKVM_MUST(fw_cfg_->add_file(la::AcpiTables::script_file, acpi_->script()));
    LKVM_MUST(fw_cfg_->add_file("etc/smbios/smbios-tables", la::smbios_structures()));
    if (kernel_.empty()) return;
    fw_cfg_->set(kernel_data, kernel_);
    fw_cfg_->set_number(kernel_size, size32(kernel_.size()));
    fw_cfg_->set(initrd_data, initrd_);
    fw_cfg_->set_number(initrd_size, size32(initrd_.size()));
    // With its final NUL.
    fw_cfg_->set(command_line_data, std::as_bytes(std::span{config_.command_line.c_str(),
                                                            config_.command_line.size() + 1}));
    fw_cfg_->set_number(command_line_size, size32(config_.command_line.size() + 1));
}

Outcome<> FirmwareLoader::load_tree(GuestRam& ram, std::uint32_t virtio_slots) {
    la::DeviceTreeConfig config{.banks = ram.banks()};
    config.cpu_count = config_.cpu_count;
    config.rng_seed.emplace();
    fill_random(*config.rng_seed);
    config.virtio_slots = virtio_slots;
    config.firmware = true;
    // plan_firmware_ram() saw to it that there is RAM.
    const auto room =
        LKVM_MUST(ram.memory().slice(map::firmware_tree_base, la::device_tree_buffer_size));
    const auto tree = la::build_device_tree(config, room);
    if (!tree.has_value()) return setup_failure("the device tree does not fit its buffer");
    ram.memory().mark_written(map::firmware_tree_base, room.size());
    if (config_.dump_dtb.empty() || std::exchange(dumped_, true)) return {};
    return write_output_file("--dump-dtb", config_.dump_dtb, tree.value());
}

Outcome<la::BootState> FirmwareLoader::load(GuestRam& ram, std::uint32_t virtio_slots,
                                            StderrLog& log) {
    // Firmware makes copies of both.
    const std::uint64_t handed = kernel_.size() + initrd_.size();
    if (handed > ram.banks().total_size() / 2) {
        return setup_failure(text("--mem: kernel and initial RAM disk (", handed >> 20,
                                  " MB) are too big for firmware with ",
                                  ram.banks().total_size() >> 20, " MB of memory"));
    }
    LKVM_CHECK(load_tree(ram, virtio_slots));
    set_items(ram.banks(), virtio_slots);
    flash_->reset();
    log.info(text("firmware starts at ", Hex{map::firmware_base.value}));
    return la::BootState{.pc = map::firmware_base.value};
}

}  // namespace lkvm::vmm
