// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/ram_banks.hpp>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

constexpr std::uint64_t mib = 1 << 20;

TEST(RamBanks, StayInOrderOfAddress) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x100000000}, mib}).has_value());
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, mib}).has_value());
    ASSERT_TRUE(banks.add({Gpa{0}, mib}).has_value());
    ASSERT_TRUE(banks.add({Gpa{0xa0000000}, mib}).has_value());
    ASSERT_EQ(banks.size(), 4u);
    EXPECT_EQ(banks.lowest().base, Gpa{0});
    for (std::size_t i = 1; i < banks.size(); ++i) {
        EXPECT_LT(banks.all()[i - 1].base, banks.all()[i].base);
    }
    EXPECT_EQ(banks.total_size(), 4 * mib);
}

TEST(RamBanks, RefuseOverlapAndNameTheOther) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x80000000}, mib}).has_value());
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, 16 * mib}).has_value());
    const Error inside = banks.add({Gpa{0x90100000}, mib}).error();
    EXPECT_EQ(inside, (Error{ErrorCode::overlap, 1}));
    const Error around = banks.add({Gpa{0x70000000}, 0x40000000}).error();
    EXPECT_EQ(around.code, ErrorCode::overlap);
    const Error last_page = banks.add({Gpa{0x90ff0000}, mib}).error();
    EXPECT_EQ(last_page.code, ErrorCode::overlap);
    EXPECT_EQ(banks.size(), 2u) << "refused banks leave no trace";
}

TEST(RamBanks, MayTouch) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, mib}).has_value());
    EXPECT_TRUE(banks.add({Gpa{0x90100000}, mib}).has_value());
    EXPECT_TRUE(banks.add({Gpa{0x8ff00000}, mib}).has_value());
}

TEST(RamBanks, RefuseEmptyMisalignedAndWrapping) {
    RamBanks banks;
    EXPECT_EQ(banks.add({Gpa{0x90000000}, 0}).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(banks.add({Gpa{0x90008000}, mib}).error().code, ErrorCode::misaligned);
    EXPECT_EQ(banks.add({Gpa{0x90000000}, 0x8000}).error().code, ErrorCode::misaligned);
    EXPECT_EQ(banks.add({Gpa{UINT64_MAX - 0xffff}, 0x20000}).error().code, ErrorCode::out_of_range);
    EXPECT_TRUE(banks.empty());
}

TEST(RamBanks, MayEndAtTheTopOfTheAddressSpace) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{UINT64_MAX - 0xffff}, 0x10000}).has_value());
    EXPECT_EQ(banks.lowest().last(), UINT64_MAX);
    EXPECT_NE(banks.find(Gpa{UINT64_MAX}), nullptr);
}

TEST(RamBanks, AreAtMostEight) {
    RamBanks banks;
    for (std::uint64_t i = 0; i < max_ram_banks; ++i) {
        ASSERT_TRUE(banks.add({Gpa{0x80000000 + i * mib}, mib}).has_value());
    }
    EXPECT_EQ(banks.add({Gpa{0x100000000}, mib}).error().code, ErrorCode::too_many);
}

TEST(RamBanks, FindTheBankOfAnAddress) {
    RamBanks banks;
    ASSERT_TRUE(banks.add({Gpa{0x90000000}, mib}).has_value());
    ASSERT_TRUE(banks.add({Gpa{0xa0000000}, mib}).has_value());
    EXPECT_EQ(banks.find(Gpa{0x8fffffff}), nullptr);
    EXPECT_EQ(banks.find(Gpa{0x90000000}), &banks.all()[0]);
    EXPECT_EQ(banks.find(Gpa{0x900fffff}), &banks.all()[0]);
    EXPECT_EQ(banks.find(Gpa{0x90100000}), nullptr);
    EXPECT_EQ(banks.find(Gpa{0xa00fffff}), &banks.all()[1]);
    EXPECT_EQ(banks.find(Gpa{UINT64_MAX}), nullptr);
}

}  // namespace
}  // namespace lkvm::test
