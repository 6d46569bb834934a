// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/irqchip/eiointc.hpp"

#include <gtest/gtest.h>

#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

using la::Eiointc;

constexpr std::uint32_t nodetype = 0x14a0;
constexpr std::uint32_t ipmap = 0x14c0;
constexpr std::uint32_t enable = 0x1600;
constexpr std::uint32_t bounce = 0x1680;
constexpr std::uint32_t isr = 0x1700;
constexpr std::uint32_t core_isr = 0x1800;
constexpr std::uint32_t coremap = 0x1c00;
constexpr std::uint32_t virtual_features = 0x40000000;
constexpr std::uint32_t virtual_config = 0x40000004;

class EiointcTest : public testing::Test {
protected:
    void enable_all() {
        for (std::uint32_t i = 0; i < 32; i += 8) chip.write(0, enable + i, 8, ~0ull);
    }

    RecordingCpus cpus;
    Eiointc chip{cpus, 4, 0};
};

TEST_F(EiointcTest, DisabledVectorIsLatchedButNotDelivered) {
    chip.set_vector(70, true);
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(chip.read(0, isr + 8, 8), 1ull << 6);
    EXPECT_EQ(chip.read(0, core_isr + 8, 8), 0u);
}

TEST_F(EiointcTest, EnablingDeliversWhatIsLatched) {
    chip.set_vector(70, true);
    chip.write(0, enable + 8, 4, 1u << 6);
    EXPECT_EQ(chip.read(0, core_isr + 8, 8), 1ull << 6);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, DisablingTakesBackWhatIsLatched) {
    enable_all();
    chip.set_vector(3, true);
    chip.write(0, enable, 4, 0xfffffff7);
    EXPECT_FALSE(cpus.level(0, hwi0_line));
    EXPECT_EQ(chip.read(0, core_isr, 8), 0u);
    chip.write(0, enable, 4, 0xffffffff);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, WritingOneClearsAtTheCpu) {
    enable_all();
    chip.set_vector(1, true);
    chip.set_vector(2, true);
    chip.write(0, core_isr, 8, 1 << 1);
    EXPECT_EQ(chip.read(0, core_isr, 8), 1u << 2);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
    chip.write(0, core_isr, 1, 1 << 2);
    EXPECT_FALSE(cpus.level(0, hwi0_line));
    EXPECT_EQ(chip.read(0, isr, 8), 6u) << "inputs are still high";
}

TEST_F(EiointcTest, ReportedAgainWhileHighIsDeliveredAgain) {
    enable_all();
    chip.set_vector(9, true);
    chip.write(0, core_isr, 8, 1 << 9);
    chip.set_vector(9, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, FallingInputTakesBackDelivery) {
    enable_all();
    chip.set_vector(200, true);
    ASSERT_TRUE(cpus.any_level());
    chip.set_vector(200, false);
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(chip.read(0, core_isr + 24, 8), 0u);
}

TEST_F(EiointcTest, IpmapChoosesLineByGroup) {
    enable_all();
    chip.write(0, ipmap, 4, 0x02020202);      // vectors 0..127: HWI1
    chip.write(0, ipmap + 4, 4, 0x08080404);  // 128..191: HWI2, 192..255: HWI3
    chip.set_vector(0, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 1));
    EXPECT_FALSE(cpus.level(0, hwi0_line));
    chip.set_vector(128, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 2));
    chip.set_vector(255, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 3));
}

TEST_F(EiointcTest, ChangingIpmapMovesPendingVectors) {
    enable_all();
    chip.set_vector(5, true);
    chip.write(0, ipmap, 1, 0x4);
    EXPECT_FALSE(cpus.level(0, hwi0_line));
    EXPECT_TRUE(cpus.level(0, hwi0_line + 2));
}

TEST_F(EiointcTest, IpmapTakesTheLowestBitAndZeroMeansFirstLine) {
    enable_all();
    chip.write(0, ipmap, 1, 0xc);
    chip.set_vector(0, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 2));
    chip.write(0, ipmap, 1, 0xf0);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, LineStaysHighUntilEveryVectorOfItIsServed) {
    enable_all();
    chip.set_vector(10, true);
    chip.set_vector(250, true);  // other group, same line
    chip.write(0, core_isr, 8, ~0ull);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
    chip.write(0, core_isr + 24, 8, ~0ull);
    EXPECT_FALSE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, CoremapRoutesToEachCpu) {
    enable_all();
    for (unsigned cpu = 0; cpu < 4; ++cpu) chip.write(0, coremap + 32 + cpu, 1, 1u << cpu);
    for (unsigned cpu = 0; cpu < 4; ++cpu) {
        chip.set_vector(32 + cpu, true);
        EXPECT_TRUE(cpus.level(cpu, hwi0_line)) << cpu;
        EXPECT_EQ(chip.read(cpu, core_isr, 8), 1ull << (32 + cpu));
    }
}

TEST_F(EiointcTest, ChangingCoremapMovesLatchedVector) {
    enable_all();
    chip.set_vector(32, true);
    chip.write(0, coremap + 32, 4, 0x08080808);
    EXPECT_FALSE(cpus.level(0, hwi0_line));
    EXPECT_TRUE(cpus.level(3, hwi0_line));
    EXPECT_EQ(chip.read(0, core_isr, 8), 0u);
    EXPECT_EQ(chip.read(0, coremap + 32, 4), 0x08080808u);
}

TEST_F(EiointcTest, RouteToMissingCpuReachesNobody) {
    enable_all();
    chip.write(0, coremap + 7, 1, 0x21);  // node 2
    chip.set_vector(7, true);
    EXPECT_FALSE(cpus.any_level());
    chip.write(0, coremap + 7, 1, 0x01);
    EXPECT_TRUE(cpus.level(0, hwi0_line));
}

TEST_F(EiointcTest, StoresPlainRegistersByLane) {
    for (const std::uint32_t base : {nodetype, enable, bounce}) {
        chip.write(0, base + 24, 8, 0x8877665544332211u);
        chip.write(0, base + 26, 2, 0xaabb);
        EXPECT_EQ(chip.read(0, base + 24, 8), 0x88776655aabb2211u) << base;
        EXPECT_EQ(chip.read(0, base + 28, 4), 0x88776655u);
    }
}

TEST_F(EiointcTest, HolesReadZero) {
    for (const std::uint32_t hole : {0x1400u, 0x1498u, 0x14c8u, 0x1620u, 0x1900u}) {
        chip.write(0, hole, 8, ~0ull);
        EXPECT_EQ(chip.read(0, hole, 8), 0u) << hole;
    }
}

TEST_F(EiointcTest, HasNoVirtualRegistersUnlessAskedFor) {
    EXPECT_EQ(chip.read(0, virtual_features, 4), 0u);
    chip.write(0, virtual_config, 4, 0xf);
    EXPECT_EQ(chip.read(0, virtual_config, 4), 0u);
}

TEST_F(EiointcTest, ResetForgetsAndLowers) {
    enable_all();
    chip.write(0, coremap + 5, 1, 4);
    chip.set_vector(5, true);
    ASSERT_TRUE(cpus.level(2, hwi0_line));
    chip.reset();
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(chip.read(0, isr, 8), 0u);
    EXPECT_EQ(chip.read(0, enable, 8), 0u);
    EXPECT_EQ(chip.read(0, coremap + 5, 1), 0u);
    EXPECT_EQ(chip.read(2, core_isr, 8), 0u);
}

class VirtualEiointcTest : public testing::Test {
protected:
    VirtualEiointcTest() {
        for (std::uint32_t i = 0; i < 32; i += 8) chip.write(0, enable + i, 8, ~0ull);
    }
    RecordingCpus cpus;
    Eiointc chip{cpus, 64, Eiointc::Virtual::all};
};

TEST_F(VirtualEiointcTest, ShowsFeatures) {
    EXPECT_EQ(chip.read(0, virtual_features, 4), 0xfu);
    chip.write(0, virtual_features, 4, 0);
    EXPECT_EQ(chip.read(0, virtual_features, 4), 0xfu);
}

TEST_F(VirtualEiointcTest, ConfigCanOnlyBeSwitchedOffOnceEnabled) {
    chip.write(0, virtual_config, 4, 0xfffffff2);
    EXPECT_EQ(chip.read(0, virtual_config, 4), 0x2u);
    chip.write(0, virtual_config, 4, 0xe);
    EXPECT_EQ(chip.read(0, virtual_config, 4), 0x2u);
    chip.write(0, virtual_config, 4, 0);
    chip.write(0, virtual_config, 4, 0xe);
    EXPECT_EQ(chip.read(0, virtual_config, 4), 0xeu);
}

TEST_F(VirtualEiointcTest, CpuEncodeNamesCpusByNumber) {
    chip.write(0, virtual_config, 4, Eiointc::Virtual::enable | Eiointc::Virtual::cpu_encode);
    chip.write(40, coremap + 1, 1, 63);
    chip.set_vector(1, true);
    EXPECT_TRUE(cpus.level(63, hwi0_line));
    chip.write(0, coremap + 1, 1, 5);
    EXPECT_FALSE(cpus.level(63, hwi0_line));
    EXPECT_TRUE(cpus.level(5, hwi0_line));
    chip.write(0, coremap + 1, 1, 200);
    EXPECT_FALSE(cpus.any_level());
}

TEST_F(VirtualEiointcTest, IntEncodeNamesLinesByNumber) {
    chip.write(0, virtual_config, 4, Eiointc::Virtual::enable | Eiointc::Virtual::int_encode);
    chip.write(0, ipmap, 2, 0x0703);
    chip.set_vector(0, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 3));
    chip.set_vector(32, true);
    EXPECT_TRUE(cpus.level(0, hwi0_line + 7));
    chip.write(0, ipmap, 1, 9);
    EXPECT_TRUE(cpus.level(0, hwi0_line)) << "no such line: the first";
}

TEST_F(VirtualEiointcTest, PlainGuestRoutesByNodeOfFirstMap) {
    chip.write(0, coremap + 8, 1, 0x14);  // node 1, core 2
    chip.set_vector(8, true);
    EXPECT_TRUE(cpus.level(6, hwi0_line));
    // The map of node 1, written through its first CPU, is another chip on a real board.
    chip.write(4, coremap + 8, 1, 0x01);
    EXPECT_TRUE(cpus.level(6, hwi0_line));
    EXPECT_FALSE(cpus.level(0, hwi0_line));
}

TEST(InterruptChips, VirtualExtensionFollowsTheNumberOfCpus) {
    RecordingCpus cpus;
    la::InterruptChips few(cpus, 4);
    EXPECT_EQ(few.read(0, virtual_features, 4), 0u);
    EXPECT_EQ(few.read(0, 0x8, 4), 0x18u);
    la::InterruptChips many(cpus, 5);
    EXPECT_EQ(many.read(0, virtual_features, 4), 0xfu);
    EXPECT_EQ(many.read(0, 0x8, 4), 0x818u);
}

TEST(InterruptChips, IdentifiesItself) {
    RecordingCpus cpus;
    la::InterruptChips chips(cpus, 1);
    EXPECT_EQ(chips.read(0, 0x0, 4), 0x11u);
    EXPECT_EQ(chips.read(0, 0x10, 8), 0x6e6f73676e6f6f4cu);  // "Loongson"
    EXPECT_EQ(chips.read(0, 0x20, 8), 0x0000303030354133u);  // "3A5000"
    chips.write(0, 0x20, 8, 0);
    EXPECT_EQ(chips.read(0, 0x20, 8), 0x0000303030354133u);
    EXPECT_EQ(chips.read(0, 0x7777770, 8), 0u);
}

TEST(InterruptChips, KeepsMiscFunctionUntilReset) {
    RecordingCpus cpus;
    la::InterruptChips chips(cpus, 1);
    chips.write(0, 0x420, 8, 1ull << 48);
    EXPECT_EQ(chips.read(0, 0x420, 8), 1ull << 48);
    chips.write(0, 0x420, 4, 7);
    EXPECT_EQ(chips.read(0, 0x424, 4), 1u << 16);
    chips.reset();
    EXPECT_EQ(chips.read(0, 0x420, 8), 0u);
}

TEST(InterruptChips, MessageGoesToItsVector) {
    RecordingCpus cpus;
    la::InterruptChips chips(cpus, 1);
    chips.write(0, enable + 24, 8, ~0ull);
    chips.signal_message(255);
    EXPECT_EQ(chips.read(0, core_isr + 24, 8), 1ull << 63);
    chips.signal_message(256);  // ignored
}

TEST(InterruptChips, AnySendClearsAndRoutesLikeLinux) {
    RecordingCpus cpus;
    la::InterruptChips chips(cpus, 2);
    constexpr std::uint32_t any_send = 0x1158;
    chips.write(0, enable, 8, ~0ull);
    // Route vector 2 to CPU 1: byte 2 of the word at COREMAP, the other bytes kept.
    chips.write(0, coremap, 4, 0x01010101);
    chips.write(0, any_send, 8, coremap | (0b1011ull << 27) | (0x00020000ull << 32));
    EXPECT_EQ(chips.read(0, coremap, 4), 0x01020101u);
    chips.signal_message(2);
    EXPECT_TRUE(cpus.level(1, hwi0_line));
    chips.write(0, any_send, 8, core_isr | (1ull << 16) | (4ull << 32));
    EXPECT_FALSE(cpus.level(1, hwi0_line));
}

}  // namespace
}  // namespace lkvm::test
