// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/boot_layout.hpp"

#include <gtest/gtest.h>

#include "loongarch/boot/boot_fault.hpp"

namespace lkvm::test {
namespace {

using la::BootFault;

constexpr std::uint64_t mib = 1 << 20;

RamBanks banks_of(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> list) {
    RamBanks banks;
    for (const auto& [base, size] : list) {
        EXPECT_TRUE(banks.add({Gpa{base}, size, nullptr}).has_value());
    }
    return banks;
}

la::KernelImage image_of(std::uint64_t size, la::Relocation relocation = la::Relocation::unknown,
                         la::ImageFormat format = la::ImageFormat::pe) {
    la::KernelImage image;
    image.format = format;
    image.relocation = relocation;
    image.link_address = 0x200000;
    image.memory_size = size;
    image.entry_offset = 0x1000;
    return image;
}

constexpr la::BootSizes usual{.initrd = 10 * mib, .device_tree = 0x8000};

BootFault fault_of(const RamBanks& banks, const la::KernelImage& image,
                   const la::BootSizes& sizes = usual) {
    const auto layout = la::plan_boot(banks, image, sizes);
    return layout.has_value() ? BootFault::none : la::boot_fault(layout.error());
}

TEST(BootLayout, PutsRelocatableKernelsInTheLowestBank) {
    const auto layout = la::plan_boot(
        banks_of({{0x100000000, 1024 * mib}, {0x90000000, 256 * mib}}), image_of(26 * mib), usual);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->load, Gpa{0x90200000});
    EXPECT_EQ(layout->entry, Gpa{0x90201000});
    EXPECT_EQ(layout->tables, Gpa{0x90000000});
    EXPECT_TRUE(layout->relocated());
    EXPECT_GE(layout->initrd.value, 0x90200000 + 26 * mib);
    EXPECT_EQ(layout->initrd.value % 0x10000, 0u);
}

TEST(BootLayout, LeavesALowBankKernelAtItsLinkAddress) {
    const auto layout = la::plan_boot(banks_of({{0, 128 * mib}, {0x90000000, 512 * mib}}),
                                      image_of(26 * mib), usual);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->load, Gpa{0x200000});
    EXPECT_FALSE(layout->relocated());
}

TEST(BootLayout, PutsTheInitrdRightAboveTheKernelIfThereIsNoRoomForAGap) {
    const auto layout =
        la::plan_boot(banks_of({{0x90000000, 40 * mib}}), image_of(26 * mib), usual);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->initrd, Gpa{0x90000000 + 28 * mib});
}

TEST(BootLayout, PutsTheInitrdBelowAKernelAtTheTop) {
    la::BootSizes sizes = usual;
    sizes.load_address = Gpa{0x90000000 + 36 * mib};
    const auto layout =
        la::plan_boot(banks_of({{0x90000000, 64 * mib}}), image_of(26 * mib), sizes);
    ASSERT_TRUE(layout.has_value());
    EXPECT_LT(layout->initrd.value + sizes.initrd, sizes.load_address->value);
    EXPECT_GE(layout->initrd.value, layout->device_tree.value + sizes.device_tree);
}

TEST(BootLayout, SaysWhatDoesNotFit) {
    const RamBanks small = banks_of({{0x90000000, 16 * mib}, {0xa0000000, 512 * mib}});
    EXPECT_EQ(fault_of(small, image_of(26 * mib)), BootFault::kernel_too_big);
    EXPECT_EQ(fault_of(small, image_of(UINT64_MAX)), BootFault::kernel_too_big);
    EXPECT_EQ(fault_of(small, image_of(10 * mib)), BootFault::initrd_too_big);
    EXPECT_EQ(fault_of(small, image_of(1 * mib), {.initrd = UINT64_MAX, .device_tree = 0x8000}),
              BootFault::initrd_too_big);
    EXPECT_EQ(fault_of(small, image_of(1 * mib), {.device_tree = UINT64_MAX}),
              BootFault::no_room_for_tables);
    EXPECT_EQ(fault_of(RamBanks(), image_of(mib)), BootFault::no_ram);
    EXPECT_EQ(fault_of(banks_of({{0x90000000, 0x10000}}), image_of(0x1000)),
              BootFault::kernel_too_big);
}

TEST(BootLayout, ObeysALoadAddressInAnyBank) {
    const RamBanks banks = banks_of({{0, 64 * mib}, {0x90000000, 512 * mib}});
    la::BootSizes sizes = usual;
    sizes.load_address = Gpa{0x98000000};
    const auto layout = la::plan_boot(banks, image_of(26 * mib), sizes);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->load, Gpa{0x98000000});
    EXPECT_EQ(layout->tables, Gpa{0});

    sizes.load_address = Gpa{0x98001000};
    EXPECT_EQ(fault_of(banks, image_of(mib), sizes), BootFault::load_misaligned);
    sizes.load_address = Gpa{0x80000000};
    EXPECT_EQ(fault_of(banks, image_of(mib), sizes), BootFault::kernel_outside_ram);
    sizes.load_address = Gpa{0x90000000 + 511 * mib};
    EXPECT_EQ(fault_of(banks, image_of(26 * mib), sizes), BootFault::kernel_too_big);
}

TEST(BootLayout, MovesTheTablesAboveAKernelAtTheStartOfTheBank) {
    la::BootSizes sizes = usual;
    sizes.load_address = Gpa{0x90000000};
    const auto layout =
        la::plan_boot(banks_of({{0x90000000, 128 * mib}}), image_of(26 * mib + 1), sizes);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->tables, Gpa{0x90000000 + 26 * mib + 0x10000});
    EXPECT_GT(layout->initrd, layout->device_tree);
}

TEST(BootLayout, NeedsTheLinkAddressOfKernelsThatCannotRelocate) {
    const auto fixed = image_of(26 * mib, la::Relocation::impossible, la::ImageFormat::elf);
    EXPECT_EQ(fault_of(banks_of({{0x90000000, 512 * mib}}), fixed), BootFault::not_relocatable);
    const auto layout =
        la::plan_boot(banks_of({{0, 128 * mib}, {0x90000000, 512 * mib}}), fixed, usual);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->load, Gpa{0x200000});
}

TEST(BootLayout, KeepsUnknownElfProgramsAtALinkAddressInRam) {
    la::KernelImage app = image_of(mib, la::Relocation::unknown, la::ImageFormat::elf);
    app.link_address = 0x90041000;
    const RamBanks banks = banks_of({{0x90000000, 64 * mib}});
    const auto layout = la::plan_boot(banks, app, usual);
    ASSERT_TRUE(layout.has_value());
    EXPECT_EQ(layout->load, Gpa{0x90041000});
    EXPECT_GE(layout->tables.value, 0x90041000 + mib);

    app.link_address = 0x200000;
    EXPECT_EQ(la::plan_boot(banks, app, usual)->load, Gpa{0x90200000});
}

TEST(BootLayout, NeverOverlapsAnything) {
    for (std::uint64_t bank_size = 4 * mib; bank_size <= 96 * mib; bank_size += 4 * mib) {
        for (std::uint64_t load = 0; load < bank_size; load += 0x1d0000) {
            la::BootSizes sizes{.initrd = 7 * mib + 123, .device_tree = 0x8000};
            sizes.load_address = Gpa{0x90000000 + load / 0x10000 * 0x10000};
            const auto layout = la::plan_boot(banks_of({{0x90000000, bank_size}}),
                                              image_of(5 * mib + 0x1800), sizes);
            if (!layout.has_value()) continue;
            struct {
                std::uint64_t start, end;
            } parts[] = {
                {layout->load.value, layout->load.value + layout->image.memory_size},
                {layout->tables.value, layout->device_tree.value + layout->device_tree_room},
                {layout->initrd.value, layout->initrd.value + layout->initrd_size},
            };
            for (const auto& a : parts) {
                EXPECT_GE(a.start, 0x90000000u);
                EXPECT_LE(a.end, 0x90000000 + bank_size);
                for (const auto& b : parts) {
                    EXPECT_TRUE(&a == &b || a.end <= b.start || b.end <= a.start);
                }
            }
        }
    }
}

}  // namespace
}  // namespace lkvm::test
