// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/memory/efi_memory.hpp"

#include <array>

#include <gtest/gtest.h>

#include "loongarch/boot/efi.hpp"

namespace lkvm::hv {
namespace {

using la::efi::MemoryDescriptor;

MemoryDescriptor descriptor(std::uint32_t type, std::uint64_t base, std::uint64_t pages,
                            std::uint64_t attributes = 0) {
    return {Le32{type}, Le32{0}, Le64{base}, Le64{0}, Le64{pages}, Le64{attributes}};
}

TEST(EfiMemory, TakesWhatFirmwareGivesUp) {
    const std::array map{descriptor(0, 0, 0x10),        // reserved
                         descriptor(7, 0x10000, 0x10),  // conventional
                         descriptor(4, 0x20000, 0x10),  // boot services data
                         descriptor(6, 0x30000, 0x10),  // runtime services data
                         descriptor(9, 0x40000, 0x10),  // ACPI tables
                         descriptor(7, 0x50000, 0x10, la::efi::memory_runtime),
                         descriptor(2, 0x60000, 0x10),    // loader data
                         descriptor(11, 0x70000, 0x10)};  // MMIO
    BoardMemory memory;
    ASSERT_TRUE(
        add_efi_memory({std::as_bytes(std::span{map}), sizeof(map[0])}, memory).has_value());
    EXPECT_EQ(memory.free_bytes(), 0x30000u);
    EXPECT_EQ(memory.counters().free_ranges, 2u);
    EXPECT_EQ(memory.allocate(0x20000, 0x1000).value(), 0x10000u);
}

TEST(EfiMemory, GoesByTheStepThatFirmwareNames) {
    struct Longer {
        MemoryDescriptor descriptor;
        std::uint64_t more = ~std::uint64_t{0};
    };
    const std::array<Longer, 2> map{{{descriptor(7, 0x10000, 1)}, {descriptor(7, 0x20000, 1)}}};
    BoardMemory memory;
    ASSERT_TRUE(
        add_efi_memory({std::as_bytes(std::span{map}), sizeof(Longer)}, memory).has_value());
    EXPECT_EQ(memory.free_bytes(), 0x2000u);
    EXPECT_EQ(add_efi_memory({std::as_bytes(std::span{map}), 8}, memory).error().code,
              ErrorCode::bad_format);
}

TEST(EfiMemory, RefusesRangesThatWrapAround) {
    for (const auto& bad :
         {descriptor(7, 0x1000, UINT64_MAX / 4096 + 1), descriptor(7, UINT64_MAX - 0xfff, 2)}) {
        BoardMemory memory;
        const std::array map{bad};
        EXPECT_EQ(add_efi_memory({std::as_bytes(std::span{map}), sizeof(bad)}, memory).error().code,
                  ErrorCode::bad_format);
    }
}

}  // namespace
}  // namespace lkvm::hv
