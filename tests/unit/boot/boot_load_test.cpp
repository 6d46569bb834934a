// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/boot_load.hpp"

#include <gtest/gtest.h>

#include <string>

#include "loongarch/boot/boot_fault.hpp"
#include "loongarch/boot/efi.hpp"
#include "loongarch/boot/efi_tables.hpp"
#include "tests/unit/boot/image_builder.hpp"

namespace lkvm::test {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t base = 0x90000000;

class BootLoad : public testing::Test {
protected:
    BootLoad() { ram.add(base, 32 * mib); }

    la::BootLayout layout_of(const Image& file, std::uint64_t initrd = 3 * mib) {
        const auto image = la::parse_kernel_image(file).value();
        return la::plan_boot(ram.banks(), image, {.initrd = initrd, .device_tree = 0x8000}).value();
    }

    /// Address behind a configuration table, or 0.
    [[nodiscard]] std::uint64_t config_table(std::uint64_t system_table,
                                             const la::efi::Guid& guid) const {
        const auto system = ram.at<la::efi::SystemTable>(system_table);
        for (std::uint64_t i = 0; i < system.table_count; ++i) {
            const auto table =
                ram.at<la::efi::ConfigTable>(system.tables + i * sizeof(la::efi::ConfigTable));
            if (table.guid.bytes == guid.bytes) return table.address;
        }
        return 0;
    }

    struct Descriptor {
        std::uint32_t type;
        std::uint64_t start, end;
    };
    [[nodiscard]] std::vector<Descriptor> memory_map(std::uint64_t system_table) const {
        const std::uint64_t where = config_table(system_table, la::efi::memory_map_guid);
        const auto head = ram.at<la::efi::BootMemoryMap>(where);
        EXPECT_EQ(head.descriptor_size.value(), 40u);
        std::vector<Descriptor> map;
        for (std::uint64_t at = 0; at < head.map_size; at += head.descriptor_size) {
            const auto one = ram.at<la::efi::MemoryDescriptor>(where + sizeof(head) + at);
            map.push_back({one.type, one.physical, one.physical + one.pages * 4096});
        }
        return map;
    }

    TestRam ram;
    const std::array<std::byte, 5> tree{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                        std::byte{5}};
    const std::array<std::byte, 32> seed{std::byte{0xab}};
};

TEST_F(BootLoad, CopiesAPeImageAndClearsItsBss) {
    const Image file = make_pe();
    const la::BootLayout layout = layout_of(file);
    ASSERT_TRUE(la::load_kernel(ram.memory(), layout, file).has_value());
    EXPECT_EQ(ram.at<std::uint16_t>(base + 0x200000), 0x5a4d);
    EXPECT_EQ(ram.at<std::uint8_t>(base + 0x202fff), 0x5a);
    for (std::uint64_t at = 0x3000; at < 0x8000; at += 8) {
        ASSERT_EQ(ram.at<std::uint64_t>(base + 0x200000 + at), 0u) << at;
    }
    EXPECT_EQ(ram.at<std::uint8_t>(base + 0x208000), 0xee);
    EXPECT_EQ(ram.at<std::uint8_t>(base + 0x1fffff), 0xee);
}

TEST_F(BootLoad, PutsElfSegmentsInPlaceAndClearsWhatIsBetween) {
    ElfOptions options;
    options.segments = {{.paddr = 0x200000, .filesz = 0x100, .memsz = 0x200, .fill = std::byte{1}},
                        {.paddr = 0x201000, .filesz = 0x80, .memsz = 0x100, .fill = std::byte{2}}};
    options.entry = 0x200000;
    const Image file = make_elf(options);
    ASSERT_TRUE(la::load_kernel(ram.memory(), layout_of(file), file).has_value());
    const std::uint64_t at = base + 0x200000;
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0xff), 1);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0x100), 0);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0xfff), 0);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0x1000), 2);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0x1080), 0);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0x10ff), 0);
    EXPECT_EQ(ram.at<std::uint8_t>(at + 0x1100), 0xee);
}

TEST_F(BootLoad, NoticesAFileThatShrankSinceItWasParsed) {
    Image file = make_pe();
    const la::BootLayout layout = layout_of(file);
    file.resize(0x2000);
    const auto loaded = la::load_kernel(ram.memory(), layout, file);
    ASSERT_FALSE(loaded.has_value());
    EXPECT_EQ(loaded.error().code, ErrorCode::truncated);
}

TEST_F(BootLoad, TellsTheObserverWhatWasWritten) {
    struct Recorder final : WriteObserver {
        void on_write(Gpa where, std::uint64_t size) override {
            kernel = kernel || (where == Gpa{base + 0x200000} && size == 0x8000);
        }
        bool kernel = false;
    } recorder;
    ram.memory().set_write_observer(&recorder);
    const Image file = make_pe();
    ASSERT_TRUE(la::load_kernel(ram.memory(), layout_of(file), file).has_value());
    EXPECT_TRUE(recorder.kernel);
}

TEST_F(BootLoad, StartsAsLinuxExpects) {
    const la::BootLayout layout = layout_of(make_pe());
    const auto state = la::load_boot_data(ram.memory(), layout,
                                          {.command_line = "console=ttyS0", .device_tree = tree});
    ASSERT_TRUE(state.has_value());
    EXPECT_EQ(state->pc, base + 0x201000);
    EXPECT_EQ(state->a0, 1u);
    std::array<char, 14> text{};
    ASSERT_TRUE(ram.memory()
                    .read_bytes(Gpa{state->a1}, std::as_writable_bytes(std::span{text}))
                    .has_value());
    EXPECT_STREQ(text.data(), "console=ttyS0");
    const auto system = ram.at<la::efi::SystemTable>(state->a2);
    EXPECT_EQ(system.header.signature.value(), 0x5453595320494249u);
    EXPECT_EQ(system.header.header_size.value(), 120u);
    EXPECT_EQ(ram.at<std::uint16_t>(system.firmware_vendor), 'l');
}

TEST_F(BootLoad, GivesTheSystemTableItsChecksum) {
    const auto state =
        la::load_boot_data(ram.memory(), layout_of(make_pe()), {.device_tree = tree}).value();
    auto system = ram.at<la::efi::SystemTable>(state.a2);
    const std::uint32_t stored = system.header.crc32;
    system.header.crc32 = 0;
    std::uint32_t crc = UINT32_MAX;
    for (const std::byte byte : std::as_bytes(std::span{&system, 1})) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xedb88320 : crc >> 1;
    }
    EXPECT_EQ(stored, ~crc);
}

TEST_F(BootLoad, HandsOverDeviceTreeInitrdAndSeed) {
    const la::BootLayout layout = layout_of(make_pe());
    const auto state =
        la::load_boot_data(ram.memory(), layout, {.device_tree = tree, .rng_seed = seed}).value();
    const std::uint64_t tree_at = config_table(state.a2, la::efi::device_tree_guid);
    EXPECT_EQ(tree_at, layout.device_tree.value);
    EXPECT_EQ(ram.at<std::uint8_t>(tree_at + 4), 5);
    const auto initrd = ram.at<la::efi::InitrdRecord>(config_table(state.a2, la::efi::initrd_guid));
    EXPECT_EQ(initrd.base.value(), layout.initrd.value);
    EXPECT_EQ(initrd.size.value(), 3 * mib);
    const std::uint64_t seed_at = config_table(state.a2, la::efi::rng_seed_guid);
    EXPECT_EQ(ram.at<std::uint32_t>(seed_at), 32u);
    EXPECT_EQ(ram.at<std::uint8_t>(seed_at + 4), 0xab);
}

TEST_F(BootLoad, LeavesOutTablesForWhatIsNotThere) {
    const auto state =
        la::load_boot_data(ram.memory(), layout_of(make_pe(), 0), {.device_tree = tree}).value();
    EXPECT_EQ(config_table(state.a2, la::efi::initrd_guid), 0u);
    EXPECT_EQ(config_table(state.a2, la::efi::rng_seed_guid), 0u);
}

TEST_F(BootLoad, ListsEveryBankInTheMemoryMapWithoutGapsOrOverlaps) {
    ram.add(0x100000000, 4 * mib);
    ram.add(0x180000000, 2 * mib);
    const la::BootLayout layout = layout_of(make_pe());
    const auto state = la::load_boot_data(ram.memory(), layout, {.device_tree = tree}).value();
    const auto map = memory_map(state.a2);
    std::size_t next = 0;
    for (const RamBank& bank : ram.banks().all()) {
        std::uint64_t at = bank.base.value;
        while (at != bank.base.value + bank.size) {
            ASSERT_LT(next, map.size());
            EXPECT_EQ(map[next].start, at);
            EXPECT_GT(map[next].end, map[next].start);
            at = map[next++].end;
        }
    }
    EXPECT_EQ(next, map.size());

    const auto type_at = [&](std::uint64_t where) {
        for (const Descriptor& one : map) {
            if (where >= one.start && where < one.end) return one.type;
        }
        return UINT32_MAX;
    };
    EXPECT_EQ(type_at(base), 7u);
    EXPECT_EQ(type_at(state.a1), 9u);  // reserved RAM
    EXPECT_EQ(type_at(state.a2), 9u);
    EXPECT_EQ(type_at(config_table(state.a2, la::efi::memory_map_guid)), 2u);
    EXPECT_EQ(type_at(layout.device_tree.value), 2u);
    EXPECT_EQ(type_at(layout.load.value), 1u);
    EXPECT_EQ(type_at(layout.initrd.value + 3 * mib - 1), 2u);
    EXPECT_EQ(type_at(0x180000000), 7u);
}

TEST_F(BootLoad, NeedsNoDeviceTree) {
    EXPECT_TRUE(la::load_boot_data(ram.memory(), layout_of(make_pe()), {}).has_value());
}

TEST_F(BootLoad, RefusesWhatIsTooLong) {
    const la::BootLayout layout = layout_of(make_pe());
    const std::string longest(la::command_line_limit - 1, 'x');
    EXPECT_TRUE(
        la::load_boot_data(ram.memory(), layout, {.command_line = longest, .device_tree = tree})
            .has_value());
    const auto too_long = la::load_boot_data(ram.memory(), layout,
                                             {.command_line = longest + 'x', .device_tree = tree});
    ASSERT_FALSE(too_long.has_value());
    EXPECT_EQ(la::boot_fault(too_long.error()), la::BootFault::command_line_too_long);
    const Image big(layout.device_tree_room + 1);
    const auto too_big = la::load_boot_data(ram.memory(), layout, {.device_tree = big});
    ASSERT_FALSE(too_big.has_value());
    EXPECT_EQ(la::boot_fault(too_big.error()), la::BootFault::device_tree_too_big);
}

TEST_F(BootLoad, ChecksLayoutsOfOtherMemory) {
    la::BootLayout layout = layout_of(make_pe());
    TestRam other;
    other.add(0x80000000, mib);
    EXPECT_FALSE(la::load_kernel(other.memory(), layout, make_pe()).has_value());
    EXPECT_FALSE(la::load_boot_data(other.memory(), layout, {.device_tree = tree}).has_value());
}

}  // namespace
}  // namespace lkvm::test
