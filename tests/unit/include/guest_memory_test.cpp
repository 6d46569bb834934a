// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/guest_memory.hpp>

#include <array>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <lkvm/endian.hpp>

namespace lkvm::test {
namespace {

constexpr std::uint64_t bank_size = 0x10000;
constexpr Gpa low{0x90000000};
constexpr Gpa high{0x90020000};

class GuestMemoryTest : public testing::Test {
protected:
    GuestMemoryTest()
        : backing_low_(bank_size)
        , backing_high_(bank_size) {
        EXPECT_TRUE(banks.add({low, bank_size, backing_low_.data()}).has_value());
        EXPECT_TRUE(banks.add({high, bank_size, backing_high_.data()}).has_value());
    }

    std::vector<std::byte> backing_low_;
    std::vector<std::byte> backing_high_;
    RamBanks banks;
    GuestMemory memory{banks};
};

TEST_F(GuestMemoryTest, ReadsBackWhatWasWritten) {
    ASSERT_TRUE(memory.write(Gpa{high.value + 0x123}, Le32{0x12345678}).has_value());
    EXPECT_EQ(memory.read<Le32>(Gpa{high.value + 0x123})->value(), 0x12345678u);
    EXPECT_EQ(backing_high_[0x123], std::byte{0x78});
    EXPECT_EQ(backing_high_[0x126], std::byte{0x12});
}

TEST_F(GuestMemoryTest, RefusesRangesThatLeaveTheBank) {
    EXPECT_TRUE(memory.slice(Gpa{low.value + bank_size - 4}, 4).has_value());
    EXPECT_EQ(memory.slice(Gpa{low.value + bank_size - 4}, 5).error().code,
              ErrorCode::out_of_range);
    EXPECT_EQ(memory.slice(Gpa{low.value + bank_size}, 1).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(memory.slice(Gpa{low.value - 1}, 2).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(memory.slice(low, UINT64_MAX).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(memory.slice(Gpa{UINT64_MAX}, 2).error().code, ErrorCode::out_of_range);
}

TEST_F(GuestMemoryTest, DoesNotJoinBanks) {
    RamBanks touching;
    ASSERT_TRUE(touching.add({low, bank_size, backing_low_.data()}).has_value());
    ASSERT_TRUE(
        touching.add({Gpa{low.value + bank_size}, bank_size, backing_high_.data()}).has_value());
    const GuestMemory view(touching);
    EXPECT_FALSE(view.slice(Gpa{low.value + bank_size - 2}, 4).has_value());
}

TEST_F(GuestMemoryTest, EmptyRangeInsideABankIsFine) {
    EXPECT_TRUE(memory.slice(low, 0)->empty());
    EXPECT_FALSE(memory.slice(Gpa{0}, 0).has_value());
}

TEST_F(GuestMemoryTest, FailedWriteChangesNothing) {
    const std::array<std::byte, 8> data{std::byte{0xff}, std::byte{0xff}};
    EXPECT_FALSE(memory.write_bytes(Gpa{low.value + bank_size - 4}, data).has_value());
    EXPECT_EQ(backing_low_.back(), std::byte{0});
}

class Observer final : public WriteObserver {
public:
    void on_write(Gpa where, std::uint64_t size) override { writes.emplace_back(where, size); }
    std::vector<std::pair<Gpa, std::uint64_t>> writes;
};

TEST_F(GuestMemoryTest, AnnouncesWrites) {
    Observer observer;
    memory.set_write_observer(&observer);
    ASSERT_TRUE(memory.write(Gpa{low.value + 8}, std::uint64_t{1}).has_value());
    memory.mark_written(high, 100);
    memory.mark_written(high, 0);
    EXPECT_FALSE(memory.write(Gpa{0}, 1).has_value());
    ASSERT_EQ(observer.writes.size(), 2u);
    EXPECT_EQ(observer.writes[0], std::pair(Gpa{low.value + 8}, std::uint64_t{8}));
    EXPECT_EQ(observer.writes[1], std::pair(high, std::uint64_t{100}));
}

TEST(Gpa, AdditionIsChecked) {
    EXPECT_EQ(checked_add(Gpa{5}, 6), Gpa{11});
    EXPECT_EQ(checked_add(Gpa{UINT64_MAX}, 0), Gpa{UINT64_MAX});
    EXPECT_EQ(checked_add(Gpa{UINT64_MAX}, 1), std::nullopt);
    EXPECT_EQ(distance(Gpa{5}, Gpa{11}), 6u);
    EXPECT_EQ(distance(Gpa{11}, Gpa{5}), std::nullopt);
}

TEST(Endian, KeepsItsByteOrder) {
    const Be32 big(0x11223344);
    const Le32 little(0x11223344);
    std::array<unsigned char, 4> bytes{};
    std::memcpy(bytes.data(), &big, 4);
    EXPECT_EQ(bytes, (std::array<unsigned char, 4>{0x11, 0x22, 0x33, 0x44}));
    std::memcpy(bytes.data(), &little, 4);
    EXPECT_EQ(bytes, (std::array<unsigned char, 4>{0x44, 0x33, 0x22, 0x11}));
    EXPECT_EQ(Be64(1).value(), 1u);
    EXPECT_EQ(swap_bytes(std::uint16_t{0x1234}), 0x3412);
    EXPECT_EQ(swap_bytes(std::uint8_t{0x12}), 0x12);
}

}  // namespace
}  // namespace lkvm::test
