// SPDX-License-Identifier: GPL-2.0-or-later
// ELF64 kernels. Whether one can be relocated shows in its type (position independent executables
// can) or, if it kept its symbols, in the presence of Linux's relocation code.
#include "loongarch/boot/elf_image.hpp"

#include <string_view>

namespace lkvm::la {

namespace {

constexpr std::uint32_t elf_magic = 0x464c457f;
constexpr std::uint8_t class_64 = 2;
constexpr std::uint8_t data_little_endian = 1;
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t type_shared = 3;
constexpr std::uint16_t machine_loongarch = 258;
constexpr std::uint32_t segment_load = 1;
constexpr std::uint32_t section_symbols = 2;
constexpr std::uint32_t max_program_headers = 1024;
constexpr std::uint32_t max_section_headers = 65535;
constexpr std::uint64_t max_symbols = 4u << 20;

// ELF header.
constexpr std::uint64_t ident_class = 4;
constexpr std::uint64_t ident_data = 5;
constexpr std::uint64_t header_type = 16;
constexpr std::uint64_t header_machine = 18;
constexpr std::uint64_t header_entry = 24;
constexpr std::uint64_t header_phoff = 32;
constexpr std::uint64_t header_shoff = 40;
constexpr std::uint64_t header_phentsize = 54;
constexpr std::uint64_t header_phnum = 56;
constexpr std::uint64_t header_shentsize = 58;
constexpr std::uint64_t header_shnum = 60;

// Program headers.
constexpr std::uint64_t program_header_size = 56;
constexpr std::uint64_t program_offset = 8;
constexpr std::uint64_t program_vaddr = 16;
constexpr std::uint64_t program_paddr = 24;
constexpr std::uint64_t program_filesz = 32;
constexpr std::uint64_t program_memsz = 40;

// Section headers and symbols.
constexpr std::uint64_t section_header_size = 64;
constexpr std::uint64_t section_type = 4;
constexpr std::uint64_t section_offset = 24;
constexpr std::uint64_t section_length = 32;
constexpr std::uint64_t section_link = 40;
constexpr std::uint64_t symbol_size = 24;

constexpr std::string_view relocation_symbol{"relocate_kernel\0", 16};

struct Segment {
    std::uint64_t offset = 0;
    std::uint64_t vaddr = 0;
    std::uint64_t paddr = 0;  // without the window bits
    std::uint64_t filesz = 0;
    std::uint64_t memsz = 0;
};

Error bad_header() {
    return boot_error(ErrorCode::bad_format, BootFault::bad_header);
}

ImageMachine elf_machine(std::uint16_t machine) {
    switch (machine) {
        case 3:
            return ImageMachine::x86;
        case 62:
            return ImageMachine::x86_64;
        case 40:
            return ImageMachine::arm;
        case 183:
            return ImageMachine::arm64;
        case 243:
            return ImageMachine::riscv;
        case 8:
            return ImageMachine::mips;
        default:
            return ImageMachine::unknown;
    }
}

Result<> check_header(const ImageReader& file) {
    const std::uint16_t machine = LKVM_TRY(file.read<std::uint16_t>(header_machine));
    const bool is_64 = LKVM_TRY(file.read<std::uint8_t>(ident_class)) == class_64;
    if (LKVM_TRY(file.read<std::uint8_t>(ident_data)) != data_little_endian) {
        return boot_error(ErrorCode::not_supported, BootFault::not_64_bit);
    }
    if (machine != machine_loongarch) {
        return boot_error(ErrorCode::not_supported, BootFault::wrong_machine, elf_machine(machine));
    }
    if (!is_64) return boot_error(ErrorCode::not_supported, BootFault::not_64_bit);
    const std::uint16_t type = LKVM_TRY(file.read<std::uint16_t>(header_type));
    if (type != type_executable && type != type_shared) return bad_header();
    return {};
}

Result<Segment> read_segment(const ImageReader& file, std::uint64_t header) {
    Segment segment;
    segment.offset = LKVM_TRY(file.read<std::uint64_t>(header + program_offset));
    segment.vaddr = LKVM_TRY(file.read<std::uint64_t>(header + program_vaddr));
    segment.paddr =
        LKVM_TRY(file.read<std::uint64_t>(header + program_paddr)) & kernel_physical_mask;
    segment.filesz = LKVM_TRY(file.read<std::uint64_t>(header + program_filesz));
    segment.memsz = LKVM_TRY(file.read<std::uint64_t>(header + program_memsz));
    if (segment.filesz > segment.memsz || segment.memsz > kernel_physical_mask - segment.paddr) {
        return bad_header();
    }
    if (!file.holds(segment.offset, segment.filesz)) {
        return boot_error(ErrorCode::truncated, BootFault::truncated);
    }
    return segment;
}

/// Loadable segments, at most max_kernel_segments.
struct SegmentList {
    std::array<Segment, max_kernel_segments> items{};
    std::size_t count = 0;

    [[nodiscard]] std::span<const Segment> all() const { return {items.data(), count}; }

    /// Keeps the list sorted by physical address; there must be room.
    void insert(const Segment& segment) {
        std::size_t place = count++;
        for (; place > 0 && items[place - 1].paddr > segment.paddr; --place) {
            items[place] = items[place - 1];
        }
        items[place] = segment;
    }
};

Result<SegmentList> read_segments(const ImageReader& file) {
    const std::uint64_t table = LKVM_TRY(file.read<std::uint64_t>(header_phoff));
    const std::uint64_t entry_size = LKVM_TRY(file.read<std::uint16_t>(header_phentsize));
    const std::uint32_t count = LKVM_TRY(file.read<std::uint16_t>(header_phnum));
    if (count == 0) return boot_error(ErrorCode::bad_format, BootFault::no_segments);
    if (entry_size < program_header_size || count > max_program_headers) return bad_header();
    if (!file.holds(table, count * entry_size)) {
        return boot_error(ErrorCode::truncated, BootFault::truncated);
    }
    SegmentList segments;
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t header = table + i * entry_size;
        if (LKVM_TRY(file.read<std::uint32_t>(header)) != segment_load) continue;
        const Segment segment = LKVM_TRY(read_segment(file, header));
        if (segment.memsz == 0) continue;
        if (segments.count == max_kernel_segments) {
            return boot_error(ErrorCode::not_supported, BootFault::too_many_segments);
        }
        segments.insert(segment);
    }
    if (segments.count == 0) return boot_error(ErrorCode::bad_format, BootFault::no_segments);
    return segments;
}

/// The entry point is virtual; segments may be mapped elsewhere than where they are loaded.
std::uint64_t physical_entry(std::uint64_t entry, std::span<const Segment> segments) {
    for (const Segment& segment : segments) {
        if (entry >= segment.vaddr && entry - segment.vaddr < segment.memsz) {
            return segment.paddr + (entry - segment.vaddr);
        }
    }
    return entry & kernel_physical_mask;
}

/// Whether a symbol table names the kernel's own relocation code; unknown without symbols.
Relocation relocation_from_symbols(const ImageReader& file, std::uint64_t symbols,
                                   std::uint64_t strings) {
    const std::uint64_t start = file.peek<std::uint64_t>(symbols + section_offset);
    const std::uint64_t length = file.peek<std::uint64_t>(symbols + section_length);
    const std::uint64_t names = file.peek<std::uint64_t>(strings + section_offset);
    const std::uint64_t names_size = file.peek<std::uint64_t>(strings + section_length);
    const std::uint64_t count = length / symbol_size;
    if (!file.holds(start, length) || !file.holds(names, names_size) || count < 2 ||
        count > max_symbols) {
        return Relocation::unknown;
    }
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t name = file.peek<std::uint32_t>(start + i * symbol_size);
        if (name > names_size || relocation_symbol.size() > names_size - name) continue;
        const auto text = file.slice(names + name, relocation_symbol.size());
        if (text.has_value() && std::memcmp(text.value().data(), relocation_symbol.data(),
                                            relocation_symbol.size()) == 0) {
            return Relocation::possible;
        }
    }
    return Relocation::impossible;
}

Relocation find_relocation(const ImageReader& file) {
    if (file.peek<std::uint16_t>(header_type) == type_shared) return Relocation::possible;
    const std::uint64_t table = file.peek<std::uint64_t>(header_shoff);
    const std::uint64_t entry_size = file.peek<std::uint16_t>(header_shentsize);
    const std::uint32_t count = file.peek<std::uint16_t>(header_shnum);
    if (table == 0 || entry_size < section_header_size || count > max_section_headers ||
        !file.holds(table, count * entry_size)) {
        return Relocation::unknown;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t section = table + i * entry_size;
        if (file.peek<std::uint32_t>(section + section_type) != section_symbols) continue;
        const std::uint32_t link = file.peek<std::uint32_t>(section + section_link);
        if (link >= count) return Relocation::unknown;
        return relocation_from_symbols(file, section, table + link * entry_size);
    }
    return Relocation::unknown;
}

}  // namespace

bool looks_like_elf(const ImageReader& file) {
    return file.peek<std::uint32_t>(0) == elf_magic;
}

Result<KernelImage> parse_elf_image(const ImageReader& file) {
    LKVM_TRY(check_header(file));
    const SegmentList segments = LKVM_TRY(read_segments(file));

    KernelImage image;
    image.format = ImageFormat::elf;
    image.link_address = segments.items[0].paddr;
    std::uint64_t end = image.link_address;
    for (const Segment& segment : segments.all()) {
        if (segment.paddr < end) return bad_header();  // segments overlap
        image.segments[image.segment_count++] = {segment.offset, segment.filesz,
                                                 segment.paddr - image.link_address};
        end = segment.paddr + segment.memsz;
    }
    image.memory_size = end - image.link_address;
    const std::uint64_t entry =
        physical_entry(LKVM_TRY(file.read<std::uint64_t>(header_entry)), segments.all());
    if (entry < image.link_address || entry >= end) return bad_header();
    image.entry_offset = entry - image.link_address;
    image.relocation = find_relocation(file);
    return image;
}

}  // namespace lkvm::la
