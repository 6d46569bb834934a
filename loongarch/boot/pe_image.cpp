// SPDX-License-Identifier: GPL-2.0-or-later
// Linux's LoongArch image header and as much of the PE headers (Microsoft PE Format) as is needed
// to notice another processor's kernel and a truncated file.
#include "loongarch/boot/pe_image.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint16_t mz_magic = 0x5a4d;
constexpr std::uint32_t loongarch_magic = 0x818223cd;
constexpr std::uint32_t arm64_magic = 0x644d5241;  // "ARMd"
constexpr std::uint32_t riscv_magic = 0x05435352;  // "RSC" 5
constexpr std::uint32_t pe_signature = 0x00004550;
constexpr std::uint32_t max_sections = 96;

// Offsets of Linux's image header.
constexpr std::uint64_t header_entry = 0x08;
constexpr std::uint64_t header_memory_size = 0x10;
constexpr std::uint64_t header_load_offset = 0x18;
constexpr std::uint64_t header_magic = 0x38;
constexpr std::uint64_t header_pe_offset = 0x3c;

// Offsets from the PE signature.
constexpr std::uint64_t coff_machine = 4;
constexpr std::uint64_t coff_section_count = 6;
constexpr std::uint64_t coff_optional_size = 20;
constexpr std::uint64_t coff_size = 24;

// Section headers.
constexpr std::uint64_t section_size = 40;
constexpr std::uint64_t section_raw_size = 16;
constexpr std::uint64_t section_raw_offset = 20;

constexpr std::uint16_t machine_loongarch64 = 0x6264;

ImageMachine pe_machine(std::uint16_t machine) {
    switch (machine) {
        case 0x014c:
            return ImageMachine::x86;
        case 0x8664:
            return ImageMachine::x86_64;
        case 0x01c0:
        case 0x01c2:
        case 0x01c4:
            return ImageMachine::arm;
        case 0xaa64:
            return ImageMachine::arm64;
        case 0x5032:
        case 0x5064:
            return ImageMachine::riscv;
        case 0x6232:
            return ImageMachine::loongarch32;
        default:
            return ImageMachine::unknown;
    }
}

/// Every section's bytes must be in the file.
Result<> check_sections(const ImageReader& file, std::uint64_t pe) {
    const std::uint32_t count = LKVM_TRY(file.read<std::uint16_t>(pe + coff_section_count));
    const std::uint64_t optional = LKVM_TRY(file.read<std::uint16_t>(pe + coff_optional_size));
    if (count > max_sections) return boot_error(ErrorCode::bad_format, BootFault::bad_header);
    const std::uint64_t table = pe + coff_size + optional;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t section = table + i * section_size;
        const std::uint32_t size = LKVM_TRY(file.read<std::uint32_t>(section + section_raw_size));
        const std::uint32_t start =
            LKVM_TRY(file.read<std::uint32_t>(section + section_raw_offset));
        if (size != 0 && !file.holds(start, size)) {
            return boot_error(ErrorCode::truncated, BootFault::truncated);
        }
    }
    return {};
}

/// Refuses kernels of other processors, with as good a guess as the headers allow.
Result<> check_machine(const ImageReader& file) {
    const std::uint32_t magic = file.peek<std::uint32_t>(header_magic);
    const auto refuse = [](ImageMachine machine) {
        return boot_error(ErrorCode::not_supported, BootFault::wrong_machine, machine);
    };
    if (magic == arm64_magic) return refuse(ImageMachine::arm64);
    if (magic == riscv_magic) return refuse(ImageMachine::riscv);
    const std::uint64_t pe = LKVM_TRY(file.read<std::uint32_t>(header_pe_offset));
    const bool has_pe = LKVM_TRY(file.read<std::uint32_t>(pe)) == pe_signature;
    if (has_pe) {
        const std::uint16_t machine = LKVM_TRY(file.read<std::uint16_t>(pe + coff_machine));
        if (machine != machine_loongarch64) return refuse(pe_machine(machine));
    }
    if (magic != loongarch_magic || !has_pe) {
        return boot_error(ErrorCode::bad_format, BootFault::unknown_format);
    }
    return {};
}

}  // namespace

bool looks_like_pe(const ImageReader& file) {
    return file.peek<std::uint16_t>(0) == mz_magic;
}

Result<KernelImage> parse_pe_image(const ImageReader& file) {
    LKVM_TRY(check_machine(file));
    const std::uint64_t pe = LKVM_TRY(file.read<std::uint32_t>(header_pe_offset));
    LKVM_TRY(check_sections(file, pe));

    KernelImage image;
    image.format = ImageFormat::pe;
    image.memory_size = LKVM_TRY(file.read<std::uint64_t>(header_memory_size));
    // Kernels before 6.11 store virtual addresses here.
    const std::uint64_t entry =
        LKVM_TRY(file.read<std::uint64_t>(header_entry)) & kernel_physical_mask;
    image.link_address =
        LKVM_TRY(file.read<std::uint64_t>(header_load_offset)) & kernel_physical_mask;
    if (entry < image.link_address || entry - image.link_address >= image.memory_size) {
        return boot_error(ErrorCode::bad_format, BootFault::bad_header);
    }
    image.entry_offset = entry - image.link_address;
    // Signatures may follow the image in the file.
    image.segments[0] = {0, file.size() < image.memory_size ? file.size() : image.memory_size, 0};
    image.segment_count = 1;
    return image;
}

}  // namespace lkvm::la
