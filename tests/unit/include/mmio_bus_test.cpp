// SPDX-License-Identifier: GPL-2.0-or-later
#include <lkvm/mmio_bus.hpp>

#include <array>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

class RecordingDevice final : public MmioDevice {
public:
    std::uint64_t read(std::uint64_t offset, unsigned size) override {
        last_offset = offset;
        last_size = size;
        ++accesses;
        return 0x42;
    }
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override {
        last_offset = offset;
        last_size = size;
        last_value = value;
        ++accesses;
    }
    std::uint64_t last_offset = 0;
    std::uint64_t last_value = 0;
    unsigned last_size = 0;
    unsigned accesses = 0;
};

class MmioBusTest : public testing::Test {
protected:
    MmioBusTest() {
        EXPECT_TRUE(bus.add(Gpa{0x1000}, 0x100, wide).has_value());
        EXPECT_TRUE(bus.add(Gpa{0x1101}, 3, bytes, AccessSizes{1}).has_value());
    }
    RecordingDevice wide;
    RecordingDevice bytes;
    MmioBus bus;
};

TEST_F(MmioBusTest, PassesOffsetsInsideTheWindow) {
    EXPECT_EQ(bus.read(Gpa{0x1010}, 8), 0x42u);
    EXPECT_EQ(wide.last_offset, 0x10u);
    EXPECT_EQ(wide.last_size, 8u);
    bus.write(Gpa{0x10fc}, 4, 7);
    EXPECT_EQ(wide.last_offset, 0xfcu);
    EXPECT_EQ(wide.last_value, 7u);
}

TEST_F(MmioBusTest, NothingThereReadsAllOnes) {
    EXPECT_EQ(bus.read(Gpa{0xfff}, 1), 0xffu);
    EXPECT_EQ(bus.read(Gpa{0x1100}, 1), 0xffu);
    EXPECT_EQ(bus.read(Gpa{0x1104}, 2), 0xffffu);
    EXPECT_EQ(bus.read(Gpa{0x2000}, 4), 0xffffffffu);
    EXPECT_EQ(bus.read(Gpa{UINT64_MAX - 7}, 8), UINT64_MAX);
    bus.write(Gpa{0x2000}, 4, 1);
    EXPECT_EQ(wide.accesses + bytes.accesses, 0u);
}

TEST_F(MmioBusTest, AccessThatSticksOutReachesNobody) {
    EXPECT_EQ(bus.read(Gpa{0x1103}, 2), 0xffffu);
    EXPECT_EQ(bus.read(Gpa{0x10ff}, 4), 0xffffffffu);
    EXPECT_EQ(bus.read(Gpa{0x10fc}, 8), UINT64_MAX);
    EXPECT_EQ(wide.accesses + bytes.accesses, 0u);
}

TEST_F(MmioBusTest, WrongSizeOrAlignmentReachesNobody) {
    EXPECT_EQ(bus.read(Gpa{0x1101}, 2), 0xffffu);
    EXPECT_EQ(bus.read(Gpa{0x1002}, 4), 0xffffffffu);
    bus.write(Gpa{0x1001}, 8, 0);
    EXPECT_EQ(wide.accesses + bytes.accesses, 0u);
    EXPECT_EQ(bus.read(Gpa{0x1103}, 1), 0x42u);
    EXPECT_EQ(bytes.last_offset, 2u);
}

TEST_F(MmioBusTest, CoversWindowsOnly) {
    EXPECT_TRUE(bus.covers(Gpa{0x1000}));
    EXPECT_TRUE(bus.covers(Gpa{0x10ff}));
    EXPECT_FALSE(bus.covers(Gpa{0x1100}));
    EXPECT_TRUE(bus.covers(Gpa{0x1103}));
}

TEST_F(MmioBusTest, TellsWhetherAWindowWasHit) {
    EXPECT_EQ(bus.try_read(Gpa{0x2000}, 4), std::nullopt);
    EXPECT_FALSE(bus.try_write(Gpa{0x2000}, 4, 1));
    // There, but not to be accessed so.
    EXPECT_EQ(bus.try_read(Gpa{0x1101}, 2), 0xffffu);
    EXPECT_TRUE(bus.try_write(Gpa{0x1002}, 4, 1));
    EXPECT_EQ(wide.accesses + bytes.accesses, 0u);
    EXPECT_EQ(bus.try_read(Gpa{0x1103}, 1), 0x42u);
    EXPECT_TRUE(bus.try_write(Gpa{0x1000}, 4, 1));
    EXPECT_EQ(wide.accesses, 1u);
}

TEST_F(MmioBusTest, RefusesBadWindows) {
    EXPECT_EQ(bus.add(Gpa{0x10ff}, 1, wide).error(), (Error{ErrorCode::overlap, 0}));
    EXPECT_EQ(bus.add(Gpa{0x1100}, 2, wide).error(), (Error{ErrorCode::overlap, 1}));
    EXPECT_EQ(bus.add(Gpa{0}, 0x10000, wide).error().code, ErrorCode::overlap);
    EXPECT_EQ(bus.add(Gpa{0x3000}, 0, wide).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(bus.add(Gpa{UINT64_MAX}, 2, wide).error().code, ErrorCode::invalid_argument);
}

TEST(MmioBus, HoldsAFixedNumberOfWindows) {
    RecordingDevice device;
    MmioBus bus;
    for (std::uint64_t i = 0; i < MmioBus::max_windows; ++i) {
        ASSERT_TRUE(bus.add(Gpa{i * 16}, 16, device).has_value());
    }
    EXPECT_EQ(bus.add(Gpa{0x100000}, 16, device).error().code, ErrorCode::too_many);
}

}  // namespace
}  // namespace lkvm::test
