// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/bundle_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tests/unit/boot/bundle_builder.hpp"

namespace lkvm::test {
namespace {

using testing::HasSubstr;

/// What the reader says about a bundle; empty: nothing.
std::string complaint(const BundleBuilder& builder) {
    const std::vector<std::byte> file = builder.file();
    la::BundleFault fault;
    const auto zones = la::read_bundle(file, fault);
    if (zones.has_value() && la::check_images(file, *zones, fault).has_value()) return "";
    EXPECT_NE(fault.problem, la::BundleProblem::none);
    return std::string{la::bundle_fault_text(fault).text()};
}

std::string spoiled(const std::function<void(BundleBuilder&)>& spoil) {
    BundleBuilder builder;
    spoil(builder);
    return complaint(builder);
}

using Builder = BundleBuilder&;

TEST(Bundle, GoodOneIsAccepted) {
    const std::vector<std::byte> file = BundleBuilder().file();
    la::BundleFault fault;
    const auto zones = la::read_bundle(file, fault);
    ASSERT_TRUE(zones.has_value()) << la::bundle_fault_text(fault).text();
    ASSERT_EQ(zones->size(), 2u);
    EXPECT_EQ(bundle::text_of((*zones)[1].name), "b");
    EXPECT_TRUE(la::check_images(file, *zones, fault).has_value());
    EXPECT_EQ(la::image_bytes(file, (*zones)[0].kernel).size(), 100u);
}

TEST(Bundle, OtherFilesVersionsAndShortFilesAreRefused) {
    EXPECT_THAT(spoiled([](Builder b) { b.magic ^= 1; }), HasSubstr("was not made by 'lkvm pack'"));
    EXPECT_THAT(spoiled([](Builder b) { b.header.version = 3; }),
                HasSubstr("another version than 2: 3"));
    EXPECT_THAT(spoiled([](Builder b) { b.header.reserved[2] = 9; }), HasSubstr("not know: 9"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones.clear(); }), HasSubstr("parts: 0, at most 16"));
    const std::vector<std::byte> file = BundleBuilder().file();
    for (std::size_t size = 0; size < file.size(); size += 0x333) {
        // A copy of its own, so that a sanitizer sees every read behind it.
        const std::vector<std::byte> part(file.begin(), file.begin() + std::ptrdiff_t(size));
        la::BundleFault fault;
        EXPECT_FALSE(la::read_bundle(part, fault).has_value()) << size;
        EXPECT_EQ(fault.problem, la::BundleProblem::truncated) << size;
    }
}

TEST(Bundle, AnyChangedBitOfHeaderAndRecordsIsNoticed) {
    const std::vector<std::byte> good = BundleBuilder().file();
    for (std::size_t at = 0; at < sizeof(bundle::Header) + 2 * sizeof(bundle::Zone); at += 13) {
        std::vector<std::byte> file = good;
        file[at] ^= std::byte{16};
        la::BundleFault fault;
        EXPECT_FALSE(la::read_bundle(file, fault).has_value()) << at;
    }
}

TEST(Bundle, DamagedImageIsNamed) {
    std::vector<std::byte> file = BundleBuilder().file();
    file[BundleBuilder::first_image() + 0x2000] ^= std::byte{1};
    la::BundleFault fault;
    const auto zones = la::read_bundle(file, fault);
    ASSERT_TRUE(zones.has_value());
    EXPECT_FALSE(la::check_images(file, *zones, fault).has_value());
    EXPECT_EQ(la::bundle_fault_text(fault).text(),
              "zone 'b' disk 0 is damaged: its checksum is wrong");
}

TEST(Bundle, EveryZoneNeedsWhatItCannotDoWithout) {
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].kernel.size = 0; }),
                HasSubstr("zone 'b' kernel is empty"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].cpu_count = 0; }), HasSubstr("parts: 0"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].bank_count = 9; }),
                HasSubstr("parts: 9, at most 8"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].disk_count = 1000; }), HasSubstr("at most 8"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].port_count = 5; }), HasSubstr("at most 4"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].region_count = 5; }), HasSubstr("at most 4"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].passed_count = 9; }), HasSubstr("at most 8"));
}

TEST(Bundle, WhatLaterVersionsMayMeanIsRefused) {
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].flags = 1u << 20; }), HasSubstr("not know"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].console = 2; }), HasSubstr("not know: 2"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].disks[0].kind = 2; }), HasSubstr("not know: 2"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].disks[0].flags = 2; }), HasSubstr("not know"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].regions[0].flags = 2; }), HasSubstr("not know"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].passed[0].flags = 2; }), HasSubstr("not know"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].kernel.reserved = 2; }), HasSubstr("not know"));
}

TEST(Bundle, NamesAreShortAndPlain) {
    for (const char* const name : {"", "with space", "slash/", "quote'", "\xc3\xa4"}) {
        EXPECT_THAT(spoiled([name](Builder b) { put_text(b.zones[0].name, name); }),
                    HasSubstr("name that is none"))
            << name;
    }
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].name.fill('x'); }), HasSubstr("none"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].command_line.fill('x'); }),
                HasSubstr("command line has a text without end"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[0].passed[0].compatible.fill('x'); }),
                HasSubstr("text without end"));
    EXPECT_EQ(spoiled([](Builder b) { put_text(b.zones[1].name, "a"); }),
              "zone 'a' has the same name as zone 'a'");
}

TEST(Bundle, MemoryFollowsTheRulesOfBanks) {
    const auto bank = [](std::uint64_t base, std::uint64_t size) {
        return spoiled([=](Builder b) { b.zones[0].banks[0] = {base, size}; });
    };
    EXPECT_THAT(bank(0x90000000, 0), HasSubstr("is empty"));
    EXPECT_THAT(bank(0x90001000, 0x10000), HasSubstr("multiple of 65536"));
    EXPECT_THAT(bank(0x10000000, 0x10000), HasSubstr("overlapping with the MMIO area"));
    EXPECT_THAT(bank(0x0fff0000, 0x20000), HasSubstr("overlapping with the MMIO area"));
    EXPECT_THAT(bank(la::zone_address_limit - 0x10000, 0x20000), HasSubstr("maximum IPA"));
    EXPECT_THAT(bank(0xffffffffffff0000, 0x20000), HasSubstr("maximum IPA"));
    EXPECT_EQ(bank(0, 0x10000000), "");
    EXPECT_EQ(spoiled([](Builder b) {
                  b.zones[0].bank_count = 2;
                  b.zones[0].banks[1] = {0x9fff0000, 0x20000};
              }),
              "zone 'a' memory bank 0x9fff0000-0xa000ffff is overlapping with zone 'a' memory bank "
              "0x90000000-0x9fffffff");
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].regions[0].base = 0x9fff0000; }),
              "zone 'b' shared memory 'box' at 0x9fff0000-0x9fffffff is overlapping with zone 'b' "
              "memory bank 0x90000000-0x9fffffff");
}

TEST(Bundle, ImagesLieInTheFileBehindTheRecords) {
    const auto kernel = [](std::uint64_t offset, std::uint64_t size) {
        return spoiled([=](Builder b) { b.zones[0].kernel = {offset, size, 0, 0}; });
    };
    EXPECT_THAT(kernel(0x5001, 10), HasSubstr("multiple of 4096"));
    EXPECT_THAT(kernel(0, 10), HasSubstr("outside of the bundle"));
    EXPECT_THAT(kernel(0x5000, 0x3001), HasSubstr("outside of the bundle"));
    EXPECT_THAT(kernel(0x8000, 1), HasSubstr("outside of the bundle"));
    EXPECT_THAT(kernel(0xfffffffffffff000, 0x2000), HasSubstr("outside of the bundle"));
    EXPECT_THAT(kernel(0x5000, UINT64_MAX), HasSubstr("outside of the bundle"));
}

TEST(Bundle, OnlyImagesThatNobodyWritesAreShared) {
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].disks[0].image = b.zones[0].disks[0].image; }),
              "zone 'a' disk 0 is overlapping with zone 'b' disk 0");
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].initrd = b.zones[0].disks[0].image; }),
              "zone 'a' disk 0 is overlapping with zone 'b' initrd");
    EXPECT_EQ(spoiled([](Builder b) {
                  b.zones[1].disks[0].image = b.zones[0].disks[0].image;
                  b.zones[0].disks[0].flags = bundle::disk_flags::read_only;
                  b.zones[1].disks[0].flags = bundle::disk_flags::read_only;
              }),
              "");
}

TEST(Bundle, BoardDisksAreDividedWithoutOverlap) {
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].disks[1].first_sector = 999; }),
              "zone 'b' disk 1 (sectors 999-1998 of the board's disk 0) is overlapping with zone "
              "'a' disk 1 (sectors 0-999 of the board's disk 0)");
    EXPECT_EQ(spoiled([](Builder b) {
                  b.zones[1].disks[1].first_sector = 999;
                  b.zones[1].disks[1].board_disk = 1;
              }),
              "");
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].disks[1].sector_count = 0; }),
                HasSubstr("is empty"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].disks[1].sector_count = UINT64_MAX; }),
                HasSubstr("maximum IPA"));
}

TEST(Bundle, InterfacesOfANetworkHaveAddressesOfTheirOwn) {
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].ports[0].mac = b.zones[0].ports[0].mac; }),
              "zone 'b' network interface 0 has the same MAC address as zone 'a' network interface "
              "0");
    EXPECT_EQ(spoiled([](Builder b) {
                  b.zones[1].ports[0].mac = b.zones[0].ports[0].mac;
                  put_text(b.zones[1].ports[0].network, "wan");
              }),
              "");
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].ports[0].mac = {}; }), HasSubstr("MAC"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].ports[0].mac[0] = 3; }), HasSubstr("MAC"));
}

TEST(Bundle, SharedMemoryHasOneSizeEverywhere) {
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].regions[0].size = 0x4000; }),
              "zone 'b' shared memory 'box' at 0xa0010000-0xa0013fff has another size than zone "
              "'a' shared memory 'box' at 0xa0000000-0xa000ffff");
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].regions[0].base = 0xa0001000; }),
                HasSubstr("multiple of 16384"));
    EXPECT_THAT(spoiled([](Builder b) {
                    b.zones[1].region_count = 2;
                    b.zones[1].regions[1] = b.zones[1].regions[0];
                    b.zones[1].regions[1].base = 0xb0000000;
                }),
                HasSubstr("same name"));
}

TEST(Bundle, PassedThroughDevicesHaveOneOwner) {
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].passed[0].base = 0x10010000; }),
              "zone 'b' passed-through range 0x10010000-0x10013fff is overlapping with zone 'a' "
              "passed-through range 0x10010000-0x10013fff");
    EXPECT_EQ(spoiled([](Builder b) { b.zones[1].passed[0].interrupt = 4; }),
              "zone 'b' passed-through interrupt 4 belongs already to zone 'a' passed-through "
              "range 0x10010000-0x10013fff");
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].passed[0].guest_base = 0x1fe00000; }),
                HasSubstr("device of the platform"));
    EXPECT_THAT(spoiled([](Builder b) { b.zones[1].passed[0].guest_base = 0x90000000; }),
                HasSubstr("overlapping with zone 'b' memory bank"));
    for (const unsigned pin : {2u, 6u, 8u, 15u, 20u, 31u, 32u}) {
        EXPECT_THAT(spoiled([pin](Builder b) { b.zones[1].passed[0].guest_pin = pin; }),
                    HasSubstr("input of the interrupt controller"))
            << pin;
    }
    EXPECT_EQ(spoiled([](Builder b) {
                  b.zones[1].passed[0].interrupt = bundle::no_interrupt;
                  b.zones[1].passed[0].guest_pin = 2;
              }),
              "");
}

TEST(Bundle, CpusAndControlHaveOneOwner) {
    const auto pin = [](Builder b) {
        for (bundle::Zone& zone : b.zones) zone.flags = bundle::zone_flags::pinned;
        b.zones[0].cpus = {1, 2};
        b.zones[1].cpus = {3, 4};
    };
    EXPECT_EQ(spoiled(pin), "");
    EXPECT_EQ(spoiled([&](Builder b) {
                  pin(b);
                  b.zones[1].cpus[1] = 2;
              }),
              "zone 'b' CPU 2 belongs already to zone 'a'");
    EXPECT_EQ(spoiled([&](Builder b) {
                  pin(b);
                  b.zones[1].cpus[1] = 3;
              }),
              "zone 'b' CPU 3 belongs already to zone 'b'");
    EXPECT_EQ(spoiled([](Builder b) {
                  for (bundle::Zone& zone : b.zones) zone.flags = bundle::zone_flags::control;
              }),
              "zone 'b' control belongs already to zone 'a'");
}

TEST(Bundle, CpusOfTheBoardGoToThoseThatNameThemFirst) {
    BundleBuilder builder;
    builder.zones[1].flags = bundle::zone_flags::pinned;
    builder.zones[1].cpus = {5, 0};
    const std::array<unsigned, 5> board{0, 1, 3, 4, 5};
    la::BundleFault fault;
    const auto plan = la::assign_cpus(builder.zones, board, fault);
    ASSERT_TRUE(plan.has_value());
    EXPECT_EQ((*plan)[0][0], 1u);
    EXPECT_EQ((*plan)[0][1], 3u);
    EXPECT_EQ((*plan)[1][0], 5u);
    EXPECT_EQ((*plan)[1][1], 0u);

    EXPECT_FALSE(la::assign_cpus(builder.zones, std::span{board}.first(4), fault).has_value());
    EXPECT_EQ(la::bundle_fault_text(fault).text(), "zone 'b' CPU 5 does not exist on this board");
    builder.zones[0].cpu_count = 4;
    EXPECT_FALSE(la::assign_cpus(builder.zones, board, fault).has_value());
    EXPECT_EQ(la::bundle_fault_text(fault).text(),
              "zone 'a' wants more CPUs than are left on this board, which has 5");
}

TEST(Bundle, IsFoundBehindAnImageOfTheHypervisor) {
    const std::vector<std::byte> alone = BundleBuilder().file();
    const auto found = la::find_bundle(alone);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->data(), alone.data());

    std::vector<std::byte> image(0x10000);
    const Le32 linux_magic = 0x818223cd;
    std::memcpy(image.data() + 0x38, &linux_magic, sizeof(linux_magic));
    EXPECT_FALSE(la::find_bundle(image).has_value());
    const Le64 offset = image.size();
    std::memcpy(image.data() + bundle::image_bundle_offset, &offset, sizeof(offset));
    EXPECT_FALSE(la::find_bundle(image).has_value());
    image.insert(image.end(), alone.begin(), alone.end());
    const auto behind = la::find_bundle(image);
    ASSERT_TRUE(behind.has_value());
    EXPECT_EQ(behind->size(), alone.size());
    EXPECT_FALSE(la::find_bundle({}).has_value());
}

TEST(Crc32, IsThatOfEveryoneElseAndCanBeContinued) {
    const std::string_view text = "123456789123456789";
    const auto bytes = std::as_bytes(std::span{text});
    EXPECT_EQ(la::crc32(bytes.first(9)), 0xcbf43926u);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        EXPECT_EQ(la::crc32(bytes.subspan(cut), la::crc32(bytes.first(cut))), la::crc32(bytes));
    }
}

}  // namespace
}  // namespace lkvm::test
