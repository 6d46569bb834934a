// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/boot_layout.hpp"

#include "loongarch/boot/boot_fault.hpp"

namespace lkvm::la {

namespace {

/// Linux may move itself up after start when it finds itself at its link address with KASLR on; it
/// avoids nothing there. Leaving this much free below the initrd keeps the usual case right.
constexpr std::uint64_t initrd_gap = 0x1000000;

/// Half-open range of guest-physical addresses that cannot wrap around.
struct Range {
    std::uint64_t start = 0;
    std::uint64_t end = 0;

    [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t size) const {
        return at >= start && at <= end && size <= end - at;
    }
    [[nodiscard]] bool overlaps(const Range& other) const {
        return start < other.end && other.start < end;
    }
};

/// Banks end below 2^64 by a margin in every machine, but not by their type.
Range range_of(const RamBank& bank) {
    return {bank.base.value, bank.last() == UINT64_MAX ? UINT64_MAX : bank.last() + 1};
}

/// Next multiple of `alignment`, or UINT64_MAX (which fits nowhere).
std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    const std::uint64_t mask = alignment - 1;
    return value > UINT64_MAX - mask ? UINT64_MAX : (value + mask) & ~mask;
}

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
    return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

/// Puts the kernel at `where`, which must lie in a bank.
Result<Range> place_at(const RamBanks& banks, const KernelImage& image, std::uint64_t where,
                       BootFault outside) {
    const RamBank* bank = banks.find(Gpa{where});
    if (bank == nullptr) return boot_error(ErrorCode::out_of_range, outside);
    if (!range_of(*bank).holds(where, image.memory_size)) {
        return boot_error(ErrorCode::no_space, BootFault::kernel_too_big);
    }
    return Range{where, where + image.memory_size};
}

Result<Range> place_kernel(const RamBanks& banks, const KernelImage& image,
                           const BootSizes& sizes) {
    if (sizes.load_address.has_value()) {
        const std::uint64_t where = sizes.load_address->value;
        if (where % kernel_load_alignment != 0) {
            return boot_error(ErrorCode::misaligned, BootFault::load_misaligned);
        }
        return place_at(banks, image, where, BootFault::kernel_outside_ram);
    }
    if (image.relocation == Relocation::impossible) {
        return place_at(banks, image, image.link_address, BootFault::not_relocatable);
    }
    const Range lowest = range_of(banks.lowest());
    if (image.format == ImageFormat::elf && image.relocation == Relocation::unknown &&
        lowest.holds(image.link_address, image.memory_size)) {
        return Range{image.link_address, image.link_address + image.memory_size};
    }
    const std::uint64_t where = add(lowest.start, kernel_offset);
    if (!lowest.holds(where, image.memory_size)) {
        return boot_error(ErrorCode::no_space, BootFault::kernel_too_big);
    }
    return Range{where, where + image.memory_size};
}

/// Tables and device tree: at the start of the bank, or right above a kernel that sits there.
Result<Range> place_tables(const Range& bank, const Range& kernel, std::uint64_t device_tree) {
    const std::uint64_t size =
        align_up(add(boot_table::device_tree, device_tree), boot_part_alignment);
    Range tables{bank.start, add(bank.start, size)};
    if (tables.overlaps(kernel)) {
        tables.start = align_up(kernel.end, kernel_load_alignment);
        tables.end = add(tables.start, size);
    }
    if (!bank.holds(tables.start, size)) {
        return boot_error(ErrorCode::no_space, BootFault::no_room_for_tables);
    }
    return tables;
}

/// Above kernel and tables with a gap if there is room, else right above them, else between them.
Result<std::uint64_t> place_initrd(const Range& bank, const Range& kernel, const Range& tables,
                                   std::uint64_t bytes) {
    const std::uint64_t size = align_up(bytes, boot_part_alignment);
    const bool kernel_here = kernel.overlaps(bank);
    const std::uint64_t top = kernel_here && kernel.end > tables.end ? kernel.end : tables.end;
    for (const std::uint64_t gap : {initrd_gap, std::uint64_t{0}}) {
        const std::uint64_t where = align_up(add(top, gap), boot_part_alignment);
        if (bank.holds(where, size)) return where;
    }
    const std::uint64_t between = align_up(tables.end, boot_part_alignment);
    if (kernel_here && kernel.start > tables.end &&
        Range{tables.end, kernel.start}.holds(between, size)) {
        return between;
    }
    return boot_error(ErrorCode::no_space, BootFault::initrd_too_big);
}

}  // namespace

Result<BootLayout> plan_boot(const RamBanks& banks, const KernelImage& image,
                             const BootSizes& sizes) {
    if (banks.empty()) return boot_error(ErrorCode::invalid_argument, BootFault::no_ram);
    const Range bank = range_of(banks.lowest());
    const Range kernel = LKVM_TRY(place_kernel(banks, image, sizes));
    const Range tables = LKVM_TRY(place_tables(bank, kernel, sizes.device_tree));

    BootLayout layout;
    layout.image = image;
    layout.load = Gpa{kernel.start};
    layout.entry = Gpa{kernel.start + image.entry_offset};
    layout.tables = Gpa{tables.start};
    layout.device_tree = Gpa{tables.start + boot_table::device_tree};
    layout.device_tree_room = sizes.device_tree;
    layout.initrd_size = sizes.initrd;
    if (sizes.initrd != 0) {
        layout.initrd = Gpa{LKVM_TRY(place_initrd(bank, kernel, tables, sizes.initrd))};
    }
    return layout;
}

}  // namespace lkvm::la
