// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/kernel_image.hpp"

#include <gtest/gtest.h>

#include "loongarch/boot/boot_fault.hpp"
#include "tests/unit/boot/image_builder.hpp"

namespace lkvm::test {
namespace {

using la::BootFault;
using la::ImageMachine;

BootFault fault_of(const Image& image) {
    const auto parsed = la::parse_kernel_image(image);
    return parsed.has_value() ? BootFault::none : la::boot_fault(parsed.error());
}

Image text_file(std::string_view text) {
    const auto bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

TEST(PeImage, TellsEntryAndSizes) {
    const auto image = la::parse_kernel_image(make_pe());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->format, la::ImageFormat::pe);
    EXPECT_EQ(image->link_address, 0x200000u);
    EXPECT_EQ(image->entry_offset, 0x1000u);
    EXPECT_EQ(image->memory_size, 0x8000u);
    EXPECT_EQ(image->relocation, la::Relocation::unknown);
    ASSERT_EQ(image->segment_count, 1u);
    EXPECT_EQ(image->segments[0].file_size, 0x3000u);
}

TEST(PeImage, AcceptsTheVirtualAddressesOfOldKernels) {
    PeOptions options;
    options.entry |= 0x9000000000000000;
    options.load_offset |= 0x9000000000000000;
    const auto image = la::parse_kernel_image(make_pe(options));
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->link_address, 0x200000u);
    EXPECT_EQ(image->entry_offset, 0x1000u);
}

TEST(PeImage, LeavesOutASignatureBehindTheImage) {
    PeOptions options;
    options.memory_size = 0x2800;
    const auto image = la::parse_kernel_image(make_pe(options));
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->segments[0].file_size, 0x2800u);
}

TEST(PeImage, IsTruncatedAtEveryLengthBelowTheWhole) {
    const Image whole = make_pe();
    for (std::size_t length = 0; length < whole.size(); length += length < 0x140 ? 1 : 61) {
        const Image part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        const BootFault fault = fault_of(part);
        EXPECT_EQ(fault, length < 2 ? BootFault::unknown_format : BootFault::truncated) << length;
    }
}

TEST(PeImage, RefusesAnEntryOutsideTheImage) {
    PeOptions options;
    options.entry = options.load_offset - 1;
    EXPECT_EQ(fault_of(make_pe(options)), BootFault::bad_header);
    options.entry = options.load_offset + options.memory_size;
    EXPECT_EQ(fault_of(make_pe(options)), BootFault::bad_header);
}

TEST(PeImage, RefusesZeroMemorySize) {
    PeOptions options;
    options.memory_size = 0;
    EXPECT_EQ(fault_of(make_pe(options)), BootFault::bad_header);
}

TEST(PeImage, RefusesMoreSectionsThanAnyKernelHas) {
    Image image = make_pe();
    put<std::uint16_t>(image, 0x46, 97);
    EXPECT_EQ(fault_of(image), BootFault::bad_header);
}

TEST(PeImage, NamesTheProcessorOfForeignKernels) {
    const auto machine_of = [](std::uint16_t machine, std::uint32_t magic) {
        PeOptions options;
        options.machine = machine;
        options.magic = magic;
        const auto parsed = la::parse_kernel_image(make_pe(options));
        EXPECT_FALSE(parsed.has_value());
        EXPECT_EQ(la::boot_fault(parsed.error()), BootFault::wrong_machine);
        return la::image_machine(parsed.error());
    };
    EXPECT_EQ(machine_of(0x8664, 0), ImageMachine::x86_64);
    EXPECT_EQ(machine_of(0x014c, 0), ImageMachine::x86);
    EXPECT_EQ(machine_of(0x6232, 0x818223cd), ImageMachine::loongarch32);
    EXPECT_EQ(machine_of(0x1234, 0), ImageMachine::unknown);
    EXPECT_EQ(machine_of(0xaa64, 0x644d5241), ImageMachine::arm64);
    EXPECT_EQ(machine_of(0x5064, 0x05435352), ImageMachine::riscv);
}

TEST(PeImage, RefusesLoongArchProgramsThatAreNotKernels) {
    PeOptions options;
    options.magic = 0;
    EXPECT_EQ(fault_of(make_pe(options)), BootFault::unknown_format);
}

TEST(ElfImage, TellsPhysicalAddressesOfAVirtualLink) {
    const auto image = la::parse_kernel_image(make_elf());
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->format, la::ImageFormat::elf);
    EXPECT_EQ(image->link_address, 0x200000u);
    EXPECT_EQ(image->entry_offset, 0x40u);
    EXPECT_EQ(image->memory_size, 0x2000u);
    EXPECT_EQ(image->relocation, la::Relocation::unknown);
}

TEST(ElfImage, SortsSegmentsAndSkipsOthers) {
    ElfOptions options;
    options.segments = {{.paddr = 0x204000, .filesz = 0x10, .memsz = 0x20},
                        {.paddr = 0, .filesz = 0x10, .memsz = 0x10, .type = 4},
                        {.paddr = 0x200000, .filesz = 0x100, .memsz = 0x1000}};
    options.entry = 0x200000;
    const auto image = la::parse_kernel_image(make_elf(options));
    ASSERT_TRUE(image.has_value());
    ASSERT_EQ(image->segment_count, 2u);
    EXPECT_EQ(image->segments[0].offset, 0u);
    EXPECT_EQ(image->segments[1].offset, 0x4000u);
    EXPECT_EQ(image->memory_size, 0x4020u);
}

TEST(ElfImage, FindsTheEntryThroughTheSegmentThatHoldsIt) {
    Image image = make_elf();
    put<std::uint64_t>(image, 64 + 16, 0xffff800000000000);  // p_vaddr
    put<std::uint64_t>(image, 24, 0xffff800000000123);       // e_entry
    const auto parsed = la::parse_kernel_image(image);
    ASSERT_TRUE(parsed.has_value());
    EXPECT_EQ(parsed->entry_offset, 0x123u);
}

TEST(ElfImage, IsTruncatedAtEveryLengthBelowTheWhole) {
    const Image whole = make_elf();
    for (std::size_t length = 0; length < whole.size(); length += length < 0x100 ? 1 : 61) {
        const Image part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_EQ(fault_of(part), length < 4 ? BootFault::unknown_format : BootFault::truncated)
            << length;
    }
}

TEST(ElfImage, KnowsFromTypeOrSymbolsWhetherItRelocates) {
    const auto relocation_of = [](const ElfOptions& options) {
        return la::parse_kernel_image(make_elf(options)).value().relocation;
    };
    EXPECT_EQ(relocation_of({.type = 3}), la::Relocation::possible);
    EXPECT_EQ(relocation_of({.symbol = "relocate_kernel"}), la::Relocation::possible);
    EXPECT_EQ(relocation_of({.symbol = "relocate_kernel_not"}), la::Relocation::impossible);
    EXPECT_EQ(relocation_of({.symbol = "main"}), la::Relocation::impossible);
    EXPECT_EQ(relocation_of({}), la::Relocation::unknown);
}

TEST(ElfImage, SurvivesDamagedSymbolTables) {
    const Image good = make_elf({.symbol = "main"});
    const std::uint64_t sections = la::parse_kernel_image(good).has_value() ? good.size() - 192 : 0;
    for (std::size_t offset = sections; offset + 8 <= good.size(); offset += 4) {
        Image bad = good;
        put<std::uint64_t>(bad, offset, UINT64_MAX - 7);
        EXPECT_TRUE(la::parse_kernel_image(bad).has_value()) << offset;
    }
}

TEST(ElfImage, RefusesContradictions) {
    EXPECT_EQ(fault_of(make_elf({.segments = {{.filesz = 0x20, .memsz = 0x10}}})),
              BootFault::bad_header);
    EXPECT_EQ(fault_of(make_elf({.segments = {{.memsz = UINT64_MAX}}})), BootFault::bad_header);
    EXPECT_EQ(fault_of(make_elf({.segments = {{}, {.paddr = 0x200800}}})), BootFault::bad_header);
    EXPECT_EQ(fault_of(make_elf({.entry = 0x100})), BootFault::bad_header);
    EXPECT_EQ(fault_of(make_elf({.type = 1})), BootFault::bad_header);
}

TEST(ElfImage, RefusesNothingToLoadAndTooManySegments) {
    EXPECT_EQ(fault_of(make_elf({.segments = {}})), BootFault::no_segments);
    EXPECT_EQ(fault_of(make_elf({.segments = {{.type = 2}}})), BootFault::no_segments);
    ElfOptions many;
    for (std::uint64_t i = 0; i <= la::max_kernel_segments; ++i) {
        many.segments.push_back({.paddr = 0x200000 + 0x10000 * (i + 1), .filesz = 1, .memsz = 1});
    }
    EXPECT_EQ(fault_of(make_elf(many)), BootFault::too_many_segments);
}

TEST(ElfImage, NamesTheProcessorOfForeignKernels) {
    const auto parsed = la::parse_kernel_image(make_elf({.machine = 62}));
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(la::boot_fault(parsed.error()), BootFault::wrong_machine);
    EXPECT_EQ(la::image_machine(parsed.error()), ImageMachine::x86_64);
    EXPECT_EQ(fault_of(make_elf({.elf_class = 1})), BootFault::not_64_bit);
    EXPECT_EQ(fault_of(make_elf({.data = 2})), BootFault::not_64_bit);
}

TEST(KernelImage, RefusesOtherFiles) {
    EXPECT_EQ(fault_of({}), BootFault::unknown_format);
    EXPECT_EQ(fault_of(text_file("#!/bin/sh\necho this is not a kernel\n")),
              BootFault::unknown_format);
    EXPECT_EQ(fault_of(Image(4096, std::byte{0})), BootFault::unknown_format);
}

TEST(KernelImage, RecognisesX86KernelsWithoutEfiStub) {
    Image image(1024, std::byte{0});
    put<std::uint32_t>(image, 0x202, 0x53726448);
    const auto parsed = la::parse_kernel_image(image);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_EQ(la::image_machine(parsed.error()), ImageMachine::x86);
}

/// Whatever single field is damaged, the answer is an image whose promises hold, or an error.
void expect_sound(const Image& image) {
    const auto parsed = la::parse_kernel_image(image);
    if (!parsed.has_value()) return;
    EXPECT_LT(parsed->entry_offset, parsed->memory_size);
    std::uint64_t at = 0;
    for (std::size_t i = 0; i < parsed->segment_count; ++i) {
        const la::KernelSegment& segment = parsed->segments[i];
        ASSERT_LE(segment.file_offset, image.size());
        ASSERT_LE(segment.file_size, image.size() - segment.file_offset);
        ASSERT_GE(segment.offset, at);
        ASSERT_LE(segment.offset, parsed->memory_size);
        ASSERT_LE(segment.file_size, parsed->memory_size - segment.offset);
        at = segment.offset + segment.file_size;
    }
}

TEST(KernelImage, KeepsItsPromisesWithAnyDamagedWord) {
    ElfOptions two;
    two.segments = {{}, {.paddr = 0x9000000000300000}};
    for (const Image& good : {make_pe(), make_elf(), make_elf(two), make_elf({.symbol = "x"})}) {
        for (std::size_t offset = 0; offset + 8 <= std::min<std::size_t>(good.size(), 0x200);
             ++offset) {
            for (const std::uint64_t value :
                 {std::uint64_t{0}, UINT64_MAX, std::uint64_t{1} << 63, std::uint64_t{0x8000}}) {
                Image bad = good;
                put(bad, offset, value);
                expect_sound(bad);
            }
        }
    }
}

}  // namespace
}  // namespace lkvm::test
