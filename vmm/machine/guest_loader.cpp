// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/machine/guest_loader.hpp"

#include <cerrno>
#include <utility>

#include "loongarch/boot/boot_fault.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "vmm/host/output_file.hpp"
#include "vmm/host/random.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

std::string bank_text(const RamBank& bank) {
    return text(Hex{bank.base.value}, '-', Hex{bank.last()});
}

std::string all_banks_text(const RamBanks& banks) {
    std::string result;
    for (const RamBank& bank : banks.all()) {
        if (!result.empty()) result += ", ";
        result += bank_text(bank);
    }
    return result;
}

Outcome<InputFile> open_file(const std::string& option, const std::string& path,
                             const std::optional<FilePart>& part) {
    return part.has_value() ? InputFile::open_part(option, path, *part)
                            : InputFile::open(option, path);
}

}  // namespace

Outcome<GuestLoader> GuestLoader::open(const MachineConfig& config) {
    if (config.command_line.size() >= la::command_line_limit) {
        return usage_failure(text("--params: the kernel command line has ",
                                  config.command_line.size(), " characters, at most ",
                                  la::command_line_limit - 1, " are possible"));
    }
    GuestLoader loader(config,
                       LKVM_CHECK(open_file("--kernel", config.kernel, config.kernel_part)));
    if (!config.initrd.empty()) {
        loader.initrd_ = LKVM_CHECK(open_file("--initrd", config.initrd, config.initrd_part));
    }
    return loader;
}

Failure GuestLoader::layout_failure(Error error, const GuestRam& ram, const Kernel& kernel) const {
    using la::BootFault;
    const std::string bank = bank_text(ram.banks().lowest());
    switch (la::boot_fault(error)) {
        case BootFault::load_misaligned:
            return usage_failure(text("--load ", Hex{config_.load_address.value_or(0)},
                                      ": expected a multiple of ", Hex{la::kernel_load_alignment}));
        case BootFault::kernel_outside_ram:
            return usage_failure(text("--load ", Hex{config_.load_address.value_or(0)},
                                      ": no memory bank is there, expected an address in ",
                                      all_banks_text(ram.banks())));
        case BootFault::not_relocatable:
            return kernel_.failure(text(
                "not relocatable: it must run at its link address ", Hex{kernel.image.link_address},
                ", where no memory bank is; loading it at ",
                Hex{ram.banks().lowest().base.value + la::kernel_offset}, " would need --load"));
        case BootFault::initrd_too_big:
            return initrd_->failure(text(boot_fault_text(error), " (", bank, ')'));
        case BootFault::kernel_too_big:
            return kernel_.failure(text(boot_fault_text(error), " (",
                                        kernel.image.memory_size >> 10, " KB from ",
                                        Hex{la::kernel_offset}, " on in ", bank, ')'));
        default:
            return kernel_.failure(text(boot_fault_text(error), " (", bank, ')'));
    }
}

Outcome<la::BootLayout> GuestLoader::plan(const GuestRam& ram, const Kernel& kernel) const {
    la::BootSizes sizes;
    if (initrd_.has_value()) sizes.initrd = LKVM_CHECK(initrd_->size());
    sizes.device_tree = la::device_tree_buffer_size;
    if (config_.load_address.has_value()) sizes.load_address = Gpa{*config_.load_address};
    const Result<la::BootLayout> layout = la::plan_boot(ram.banks(), kernel.image, sizes);
    if (!layout.has_value()) return layout_failure(layout.error(), ram, kernel);
    return layout.value();
}

Outcome<std::span<const std::byte>> GuestLoader::build_tree(const GuestRam& ram,
                                                            const la::BootLayout& layout,
                                                            std::uint32_t virtio_slots) {
    la::DeviceTreeConfig config{.banks = ram.banks()};
    config.cpu_count = config_.cpu_count;
    config.bootargs = config_.command_line;
    if (layout.initrd_size != 0) config.initrd = la::GpaRange{layout.initrd, layout.initrd_size};
    config.rng_seed.emplace();
    fill_random(*config.rng_seed);
    config.virtio_slots = virtio_slots;
    tree_.resize(la::device_tree_buffer_size);
    const auto tree = la::build_device_tree(config, tree_);
    if (!tree.has_value()) {
        return setup_failure("the device tree does not fit its buffer");
    }
    return tree.value();
}

Outcome<> GuestLoader::dump_tree(std::span<const std::byte> tree) const {
    return write_output_file("--dump-dtb", config_.dump_dtb, tree);
}

Outcome<la::BootState> GuestLoader::load(GuestRam& ram, std::uint32_t virtio_slots,
                                         StderrLog& log) {
    const Kernel kernel = LKVM_CHECK(read_kernel(kernel_));
    const la::BootLayout layout = LKVM_CHECK(plan(ram, kernel));
    // plan_boot() placed kernel and initrd inside banks of this very memory.
    LKVM_MUST(la::load_kernel(ram.memory(), layout, kernel.bytes));
    if (initrd_.has_value()) {
        const auto to = LKVM_MUST(ram.memory().slice(layout.initrd, layout.initrd_size));
        LKVM_CHECK(initrd_->read(to));
        ram.memory().mark_written(layout.initrd, layout.initrd_size);
        log.debug(text("initrd at ", Hex{layout.initrd.value}, ", ", layout.initrd_size, " bytes"));
    }
    const auto tree = LKVM_CHECK(build_tree(ram, layout, virtio_slots));
    if (!config_.dump_dtb.empty() && !std::exchange(dumped_, true)) LKVM_CHECK(dump_tree(tree));
    std::array<std::byte, la::rng_seed_size> seed{};
    fill_random(seed);
    log.info(text("kernel loaded at ", Hex{layout.load.value}, ", linked at ",
                  Hex{layout.image.link_address}));
    // The command line's length was checked in open(), the tree's by its buffer's size.
    return LKVM_MUST(la::load_boot_data(ram.memory(), layout,
                                        {.command_line = config_.command_line,
                                         .device_tree = tree,
                                         .rng_seed = seed,
                                         .clock = la::RuntimeClock::offered}));
}

}  // namespace lkvm::vmm
