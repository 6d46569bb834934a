// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/irqchip/interrupt_chips.hpp"

#include <gtest/gtest.h>

#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

constexpr std::uint32_t status = 0x1000;
constexpr std::uint32_t enable = 0x1004;
constexpr std::uint32_t set = 0x1008;
constexpr std::uint32_t clear = 0x100c;
constexpr std::uint32_t mailbox0 = 0x1020;
constexpr std::uint32_t mailbox3 = 0x1038;
constexpr std::uint32_t ipi_send = 0x1040;
constexpr std::uint32_t mail_send = 0x1048;
constexpr std::uint32_t any_send = 0x1158;

constexpr std::uint64_t cpu_field(std::uint64_t cpu) {
    return cpu << 16;
}
constexpr std::uint64_t keep_field(std::uint64_t mask) {
    return mask << 27;
}

class IpiTest : public testing::Test {
protected:
    RecordingCpus cpus;
    la::InterruptChips chips{cpus, 4};
};

TEST_F(IpiTest, RaisesLineOfTargetOnly) {
    chips.write(2, enable, 4, 0xffffffff);
    chips.write(0, ipi_send, 4, cpu_field(2) | 5);
    EXPECT_TRUE(cpus.level(2, ipi_line));
    EXPECT_FALSE(cpus.level(0, ipi_line));
    EXPECT_EQ(chips.read(2, status, 4), 1u << 5);
    EXPECT_EQ(chips.read(0, status, 4), 0u);
}

TEST_F(IpiTest, KeepsLineUntilLastStatusBitIsCleared) {
    chips.write(1, enable, 4, 0xffffffff);
    chips.write(1, set, 4, 0x11);
    chips.write(1, clear, 4, 0x01);
    EXPECT_TRUE(cpus.level(1, ipi_line));
    chips.write(1, clear, 4, 0x10);
    EXPECT_FALSE(cpus.level(1, ipi_line));
}

TEST_F(IpiTest, HoldsBackDisabledBitsUntilTheyAreEnabled) {
    chips.write(0, enable, 4, 0x2);
    chips.write(3, ipi_send, 4, cpu_field(0) | 0);
    EXPECT_FALSE(cpus.level(0, ipi_line));
    EXPECT_EQ(chips.read(0, status, 4), 1u);
    chips.write(0, enable, 4, 0x3);
    EXPECT_TRUE(cpus.level(0, ipi_line));
}

TEST_F(IpiTest, IgnoresBlockingBitOfSend) {
    chips.write(1, enable, 4, 0xffffffff);
    chips.write(0, ipi_send, 4, 0x80000000u | cpu_field(1) | 3);
    EXPECT_EQ(chips.read(1, status, 4), 8u);
}

TEST_F(IpiTest, StatusIsReadOnly) {
    chips.write(0, status, 4, 0xff);
    EXPECT_EQ(chips.read(0, status, 4), 0u);
}

TEST_F(IpiTest, ReadsStatusAndEnableAsOneRegister) {
    chips.write(0, enable, 4, 0xa5a5a5a5);
    chips.write(0, set, 4, 0x3);
    EXPECT_EQ(chips.read(0, status, 8), 0xa5a5a5a500000003u);
}

TEST_F(IpiTest, TargetsBeyondTheLastCpuAreIgnored) {
    chips.write(0, ipi_send, 4, cpu_field(4) | 1);
    chips.write(0, mail_send, 8, cpu_field(1023) | 0x1234'0000'0000'0000u);
    chips.write(0, any_send, 8, cpu_field(64) | set);
    EXPECT_EQ(cpus.changes(), 0u);
}

TEST_F(IpiTest, MailboxesTakeEverySize) {
    chips.write(0, mailbox0, 8, 0x1122334455667788u);
    EXPECT_EQ(chips.read(0, mailbox0, 1), 0x88u);
    EXPECT_EQ(chips.read(0, mailbox0 + 2, 2), 0x5566u);
    EXPECT_EQ(chips.read(0, mailbox0 + 4, 4), 0x11223344u);
    chips.write(0, mailbox0 + 5, 1, 0xaa);
    EXPECT_EQ(chips.read(0, mailbox0, 8), 0x1122aa4455667788u);
}

TEST_F(IpiTest, MailboxesBelongToTheirCpu) {
    chips.write(0, mailbox3, 8, 42);
    EXPECT_EQ(chips.read(0, mailbox3, 8), 42u);
    EXPECT_EQ(chips.read(1, mailbox3, 8), 0u);
}

TEST_F(IpiTest, MailSendFillsHalvesOfAMailbox) {
    // The way Linux starts a CPU: upper half first.
    chips.write(0, mail_send, 8, cpu_field(3) | (1 << 2) | (0x9000000000000000u));
    chips.write(0, mail_send, 8, cpu_field(3) | (0 << 2) | (0x90201000ull << 32));
    EXPECT_EQ(chips.read(3, mailbox0, 8), 0x9000000090201000u);
    EXPECT_EQ(chips.read(0, mailbox0, 8), 0u);
}

TEST_F(IpiTest, MailSendReachesTheLastWord) {
    chips.write(0, mail_send, 8, cpu_field(1) | (7 << 2) | (0xcafef00dull << 32));
    EXPECT_EQ(chips.read(1, mailbox3, 8), 0xcafef00d00000000u);
}

TEST_F(IpiTest, MailSendKeepsMaskedBytes) {
    chips.write(1, mailbox0, 8, 0x8877665544332211u);
    chips.write(0, mail_send, 8, cpu_field(1) | keep_field(0b0101) | (0xddccbbaaull << 32));
    EXPECT_EQ(chips.read(1, mailbox0, 8), 0x88776655dd33bb11u);
    chips.write(0, mail_send, 8, cpu_field(1) | keep_field(0b1111) | (0x01020304ull << 32));
    EXPECT_EQ(chips.read(1, mailbox0, 8), 0x88776655dd33bb11u);
}

TEST_F(IpiTest, AnySendWritesTheTargetsRegister) {
    chips.write(0, any_send, 8, cpu_field(2) | enable | (0xffull << 32));
    EXPECT_EQ(chips.read(2, enable, 4), 0xffu);
    chips.write(0, any_send, 8, cpu_field(2) | set | (0x4ull << 32));
    EXPECT_TRUE(cpus.level(2, ipi_line));
}

TEST_F(IpiTest, AnySendKeepsMaskedBytes) {
    chips.write(2, enable, 4, 0x44332211);
    chips.write(0, any_send, 8, cpu_field(2) | enable | keep_field(0b1110) | (0xddccbbaaull << 32));
    EXPECT_EQ(chips.read(2, enable, 4), 0x443322aau);
}

TEST_F(IpiTest, AnySendCannotReachItself) {
    const std::uint64_t inner = cpu_field(1) | set;
    chips.write(0, any_send, 8, cpu_field(1) | any_send | (inner << 32));
    EXPECT_EQ(chips.read(1, status, 4), 0u);
}

TEST_F(IpiTest, OddAccessesReadZeroAndDoNothing) {
    chips.write(0, mailbox0, 8, ~0ull);
    EXPECT_EQ(chips.read(0, mailbox0 + 1, 4), 0u);
    EXPECT_EQ(chips.read(0, mailbox0, 3), 0u);
    chips.write(0, mailbox0 + 2, 8, 0);
    EXPECT_EQ(chips.read(0, mailbox0, 8), ~0ull);
    EXPECT_EQ(chips.read(7, mailbox0, 8), 0u) << "no such CPU";
    chips.write(7, mailbox0, 8, 1);
}

TEST_F(IpiTest, ResetClearsEverythingAndLowersLines) {
    chips.write(0, enable, 4, 1);
    chips.write(0, set, 4, 1);
    chips.write(0, mailbox0, 8, 5);
    ASSERT_TRUE(cpus.level(0, ipi_line));
    chips.reset();
    EXPECT_FALSE(cpus.any_level());
    EXPECT_EQ(chips.read(0, status, 8), 0u);
    EXPECT_EQ(chips.read(0, mailbox0, 8), 0u);
}

TEST_F(IpiTest, DrivesALineOnlyWhenItChanges) {
    chips.write(0, enable, 4, 0xffffffff);
    chips.write(0, set, 4, 1);
    chips.write(0, set, 4, 2);
    chips.write(0, set, 4, 4);
    EXPECT_EQ(cpus.changes(), 1u);
}

}  // namespace
}  // namespace lkvm::test
