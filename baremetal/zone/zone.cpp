// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/zone.hpp"

#include <cstring>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "loongarch/boot/boot_load.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/platform/boot_rom.hpp"
#include "loongarch/platform/device_tree.hpp"

namespace lkvm::hv {
namespace {

/// Scratch for one device tree; zones are loaded one at a time.
alignas(8) constinit std::array<std::byte, la::device_tree_buffer_size> tree_buffer{};
constinit SpinLock tree_lock;

}  // namespace

Zone::Zone(std::size_t number, const bundle::Zone& description, std::span<const std::byte> file)
    : number_(number)
    , description_(description)
    , file_(file)
    , name_(bundle::text_of(description.name))
    , cpu_count_(description.cpu_count)
    , gid_(static_cast<unsigned>(number) + 1)
    , platform_({*this, zones_clock(), *this}, *this, cpu_count_) {}

Result<> Zone::create(BoardMemory& memory, std::uint64_t boot_rom) {
    LKVM_TRY(stage2_.create(memory));
    for (std::uint32_t i = 0; i < description_.bank_count; ++i) {
        const bundle::Bank& bank = description_.banks[i];
        // Blocks of stage 2 where the bank is large enough for one.
        const bool large = bank.size >= Stage2::block_size;
        const std::uint64_t host =
            LKVM_TRY(memory.allocate(bank.size, large ? Stage2::block_size : Stage2::page_size));
        LKVM_TRY(banks_.add({Gpa{bank.base}, bank.size, physical_pointer(host)}));
        LKVM_TRY(stage2_.map(memory, bank.base, host, bank.size, Stage2Access::read_write));
    }
    LKVM_TRY(stage2_.map(memory, la::memory_map::boot_rom_base.value, boot_rom,
                         la::memory_map::boot_rom_size, Stage2Access::read_only));
    return platform_.add_to(bus_);
}

Result<> Zone::load() {
    platform_.reset();
    for (const RamBank& bank : banks_.all()) std::memset(bank.host, 0, bank.size);
    const std::span<const std::byte> kernel = la::image_bytes(file_, description_.kernel);
    const std::span<const std::byte> initrd = la::image_bytes(file_, description_.initrd);
    const la::KernelImage image = LKVM_TRY(la::parse_kernel_image(kernel));
    la::BootSizes sizes;
    sizes.initrd = initrd.size();
    sizes.device_tree = la::device_tree_buffer_size;
    if ((description_.flags & bundle::zone_flags::load_address) != 0) {
        sizes.load_address = Gpa{description_.load_address};
    }
    const la::BootLayout layout = LKVM_TRY(la::plan_boot(banks_, image, sizes));
    LKVM_TRY(la::load_kernel(memory_, layout, kernel));
    if (!initrd.empty()) LKVM_TRY(memory_.write_bytes(layout.initrd, initrd));

    const std::string_view command_line = bundle::text_of(description_.command_line);
    la::DeviceTreeConfig config{.banks = banks_};
    config.cpu_count = cpu_count_;
    config.bootargs = command_line;
    if (!initrd.empty()) config.initrd = la::GpaRange{layout.initrd, layout.initrd_size};
    const SpinGuard guard{tree_lock};
    const auto tree = LKVM_TRY(la::build_device_tree(config, tree_buffer));
    const la::BootState boot = LKVM_TRY(la::load_boot_data(
        memory_, layout,
        {.command_line = command_line, .device_tree = tree, .clock = la::RuntimeClock::offered}));
    vcpus_[0].reset(boot.pc, boot.a0, boot.a1, boot.a2);
    for (unsigned i = 1; i < cpu_count_; ++i) {
        vcpus_[i].reset(la::boot_rom_entry.value, 0, 0, 0);
    }
    cpus_out_.store(0, std::memory_order_relaxed);
    life_.fetch_add(1, std::memory_order_release);
    state_.store(ZoneState::running, std::memory_order_release);
    return {};
}

void Zone::run(unsigned index) {
    for (;;) {
        const unsigned life = life_.load(std::memory_order_acquire);
        vcpus_[index].run();
        if (state() != ZoneState::resetting) return;
        // The first vCPU's CPU starts the zone anew when all others stand still.
        if (index != 0) {
            cpus_out_.fetch_add(1, std::memory_order_release);
            while (life_.load(std::memory_order_acquire) == life &&
                   state() == ZoneState::resetting) {
            }
            if (state() != ZoneState::running) return;
            continue;
        }
        while (cpus_out_.load(std::memory_order_acquire) != cpu_count_ - 1) {
        }
        console.line("zone starts again");
        if (!load().has_value()) {
            console.line("zone cannot be loaded again");
            state_.store(ZoneState::parked, std::memory_order_release);
            return;
        }
    }
}

void Zone::leave(ZoneState to) {
    ZoneState expected = ZoneState::running;
    if (!state_.compare_exchange_strong(expected, to, std::memory_order_acq_rel)) return;
    for (unsigned i = 0; i < cpu_count_; ++i) vcpus_[i].kick();
}

void Zone::park(const Vcpu& vcpu, const char* why, const VcpuContext& context) {
    leave(ZoneState::parked);
    console.line(name_);
    console.line("is parked: it");
    console.line(why);
    console.line("vCPU", vcpu.index());
    console.line("pc", context.pc);
    console.line("ESTAT", context.estat);
    console.line("BADV", context.badv);
    console.line("BADI", context.badi);
}

void Zone::transmit(std::span<const std::byte> bytes) {
    console.write(number_, bytes);
}

void Zone::set_line(unsigned cpu, unsigned line, bool level) {
    if (cpu < cpu_count_) vcpus_[cpu].set_line(line, level);
}

}  // namespace lkvm::hv
