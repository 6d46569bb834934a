// SPDX-License-Identifier: GPL-2.0-or-later
// RAM of a zone: taken, cleared, filled, given back. Long work in pieces, between which interrupts
// are looked at.
#include <cstring>

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/boot/boot_load.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/boot/kernel_image.hpp"
#include "loongarch/platform/boot_rom.hpp"
#include "loongarch/platform/device_tree.hpp"

namespace lkvm::hv {
namespace {

/// Bytes between two looks at interrupts: some 6000 instructions.
constexpr std::size_t piece = 0x2000;

void copy(std::byte* to, std::span<const std::byte> from) {
    while (!from.empty()) {
        const std::size_t size = from.size() < piece ? from.size() : piece;
        std::memcpy(to, from.data(), size);
        to += size;
        from = from.subspan(size);
        look_at_host_events("copying an image");
    }
}

/// Into memory that is all zero. parse_kernel_image() and plan_boot() checked every number.
Result<> copy_kernel(const GuestMemory& memory, const la::BootLayout& layout,
                     std::span<const std::byte> file) {
    const la::KernelImage& image = layout.image;
    const auto to = LKVM_TRY(memory.slice(layout.load, image.memory_size));
    for (std::size_t i = 0; i < image.segment_count; ++i) {
        const la::KernelSegment& segment = image.segments[i];
        if (segment.offset > to.size() || segment.file_size > to.size() - segment.offset ||
            segment.file_offset > file.size() ||
            segment.file_size > file.size() - segment.file_offset) {
            return fail(ErrorCode::truncated);
        }
        copy(to.data() + segment.offset, file.subspan(segment.file_offset, segment.file_size));
    }
    return {};
}

/// Nodes of the devices that the bundle names a driver for; returns how many.
std::size_t describe_passed(const bundle::Zone& zone, std::span<la::OtherDeviceNode> nodes) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < zone.passed_count; ++i) {
        const bundle::Passed& passed = zone.passed[i];
        const std::string_view compatible = bundle::text_of(passed.compatible);
        if (compatible.empty()) continue;
        la::OtherDeviceNode& node = nodes[count++];
        node.compatible = compatible;
        node.registers = {Gpa{passed.guest_base}, passed.size};
        if (passed.interrupt != bundle::no_interrupt) node.pin = passed.guest_pin;
    }
    return count;
}

}  // namespace

Result<> Zone::take_memory() {
    LKVM_TRY(stage2_.create(board_memory()));
    for (std::uint32_t i = 0; i < description_.bank_count; ++i) {
        const bundle::Bank& bank = description_.banks[i];
        // Blocks of stage 2 where the bank is large enough for one.
        const bool large = bank.size >= Stage2::block_size;
        std::uint64_t host = bank.base;
        if (!identity_) {
            host = LKVM_TRY(
                board_memory().allocate(bank.size, large ? Stage2::block_size : Stage2::page_size));
        }
        if (const auto added = banks_.add({Gpa{bank.base}, bank.size, physical_pointer(host)});
            !added.has_value()) {
            if (!identity_) board_memory().release(host, bank.size);
            return added.error();
        }
        LKVM_TRY(stage2_.map(board_memory(), bank.base, host, bank.size, Stage2Access::read_write));
        look_at_host_events("mapping memory");
    }
    for (const ZoneDevices::Shared& shared : devices_.shared()) {
        const auto access =
            shared.node.read_only ? Stage2Access::read_only : Stage2Access::read_write;
        LKVM_TRY(stage2_.map(board_memory(), shared.node.memory.base.value, shared.physical,
                             shared.node.memory.size, access));
    }
    LKVM_TRY(map_passed());
    return stage2_.map(board_memory(), la::memory_map::boot_rom_base.value, boot_rom_,
                       la::memory_map::boot_rom_size, Stage2Access::read_only);
}

/// Nothing of this life reaches into the memory of the next.
void Zone::reset_devices() {
    while (!devices_.reset()) look_at_host_events("resetting devices");
    passed_.reset();
}

/// Whoever gets it next clears it.
void Zone::give_memory_back() {
    reset_devices();
    for (const RamBank& bank : banks_.all()) {
        if (!identity_) board_memory().release(physical_address(bank.host), bank.size);
    }
    banks_ = RamBanks{};
    stage2_.destroy(board_memory());
}

/// False: it is not wanted any more.
bool Zone::scrub() {
    static_assert(ram_bank_alignment % piece == 0);
    for (const RamBank& bank : banks_.all()) {
        for (std::uint64_t at = 0; at < bank.size; at += piece) {
            std::memset(bank.host + at, 0, piece);
            look_at_host_events("clearing memory");
            if (!life_.load_wanted()) return false;
        }
    }
    return true;
}

Result<> Zone::fill_memory() {
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
    LKVM_TRY(copy_kernel(memory_, layout, kernel));
    if (!initrd.empty()) {
        copy(LKVM_TRY(memory_.slice(layout.initrd, initrd.size())).data(), initrd);
    }
    const auto tree = LKVM_TRY(write_device_tree(layout));
    look_at_host_events("making a device tree");
    const la::BootState boot =
        LKVM_TRY(la::load_boot_data(memory_, layout,
                                    {.command_line = bundle::text_of(description_.command_line),
                                     .device_tree = tree,
                                     .clock = la::RuntimeClock::offered}));
    vcpus_[0].reset(boot.pc, boot.a0, boot.a1, boot.a2);
    for (unsigned i = 1; i < cpu_count_; ++i) {
        vcpus_[i].reset(la::boot_rom_entry.value, 0, 0, 0);
    }
    look_at_host_events("making firmware tables");
    return {};
}

/// Builds it where the zone finds it.
Result<std::span<const std::byte>> Zone::write_device_tree(const la::BootLayout& layout) {
    la::DeviceTreeConfig config{.banks = banks_};
    config.cpu_count = cpu_count_;
    config.bootargs = bundle::text_of(description_.command_line);
    config.virtio_slots = devices_.slots();
    std::array<la::SharedMemoryNode, bundle::max_regions> shared{};
    std::size_t shared_count = 0;
    for (const ZoneDevices::Shared& one : devices_.shared()) shared[shared_count++] = one.node;
    config.shared = std::span{shared}.first(shared_count);
    std::array<std::byte, 32> seed{};
    if (random_pool().fill(seed) == seed.size()) config.rng_seed = seed;
    if (layout.initrd_size != 0) config.initrd = la::GpaRange{layout.initrd, layout.initrd_size};
    std::array<la::OtherDeviceNode, bundle::max_passed> others{};
    config.others = std::span{others}.first(describe_passed(description_, others));
    config.between_nodes = [] { look_at_host_events("making a device tree"); };
    const auto room = LKVM_TRY(memory_.slice(layout.device_tree, layout.device_tree_room));
    return la::build_device_tree(config, room);
}

void Zone::load() {
    reset_devices();
    platform_.reset();
    {
        const SpinGuard guard{panic_lock_};
        panic_ = PanicWatch{};
    }
    // After a reset the zone has its memory already.
    Result<> done = banks_.empty() ? take_memory() : Result<>{};
    if (done.has_value() && scrub()) done = fill_memory();
    const char* failure = nullptr;
    if (!done.has_value()) {
        failure = done.error().code == ErrorCode::no_space ? "cannot be loaded: not enough memory"
                                                           : "cannot be loaded";
        report(failure);
        console.line("error code", static_cast<std::uint64_t>(done.error().code));
        console.line("detail", done.error().detail);
        give_memory_back();
    }
    clock_offset_.store(0, std::memory_order_relaxed);
    started_ns_.store(zones_clock().monotonic_ns(), std::memory_order_relaxed);
    life_.loaded(failure);
}

}  // namespace lkvm::hv
