// SPDX-License-Identifier: GPL-2.0-or-later
// Atomic accesses on one vCPU: values, alignment, LL/SC rules. LA Vol.1 §2.2.7.
#include "loongarch/soft/sem_atomic.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;

class Atomics : public CpuTest {
protected:
    /// rd = old value, value at data = result.
    void run_am(Insn insn, std::uint64_t memory, std::uint64_t operand) {
        machine.write<std::uint64_t>(data, memory);
        cpu.gpr[a0] = data;
        cpu.gpr[a1] = 0x5a5a;
        cpu.gpr[a2] = operand;
        execute(insn, {.rd = a1, .rj = a0, .rk = a2});
        EXPECT_TRUE(went_on());
    }
    std::uint64_t memory() { return machine.read<std::uint64_t>(data); }
};

TEST_F(Atomics, ChangeMemoryAndGiveTheOldValue) {
    struct Row {
        Insn insn;
        std::uint64_t memory;
        std::uint64_t operand;
        std::uint64_t rd;
        std::uint64_t result;
    };
    constexpr std::uint64_t high = 0xaaaaaaaa00000000;  // next to a word, must stay
    // clang-format off
    constexpr Row rows[] = {
        {Insn::amswap_w, high | 0x80000001, 7, 0xffffffff80000001, high | 7},
        {Insn::amswap_d, 0x8000000000000001, 7, 0x8000000000000001, 7},
        {Insn::amadd_w, high | 0xffffffff, 2, UINT64_MAX, high | 1},
        {Insn::amadd_d, UINT64_MAX, 2, UINT64_MAX, 1},
        {Insn::amand_w, high | 0xff, 0xfffffff0000000f0, 0xff, high | 0xf0},
        {Insn::amor_d, 0xf0, 0x0f, 0xf0, 0xff},
        {Insn::amxor_w, high | 0xff, 0xf, 0xff, high | 0xf0},
        {Insn::ammax_w, high | 0x80000000, 1, 0xffffffff80000000, high | 1},
        {Insn::ammax_w, high | 5, 0x1fffffffe, 5, high | 5},         // -2 as a word
        {Insn::ammin_w, high | 5, 0x1fffffffe, 5, high | 0xfffffffe},
        {Insn::ammax_wu, high | 5, 0xfffffffe, 5, high | 0xfffffffe},
        {Insn::ammin_wu, high | 0x80000000, 1, 0xffffffff80000000, high | 1},
        {Insn::ammax_d, 0x8000000000000000, 1, 0x8000000000000000, 1},
        {Insn::ammin_d, 1, UINT64_MAX, 1, UINT64_MAX},
        {Insn::ammax_du, 1, UINT64_MAX, 1, UINT64_MAX},
        {Insn::ammin_du, UINT64_MAX, 1, UINT64_MAX, 1},
        {Insn::amadd_db_w, high | 1, 2, 1, high | 3},
        {Insn::amswap_db_d, 1, 2, 1, 2},
        {Insn::ammin_db_du, 1, 2, 1, 1},
        {Insn::amswap_b, 0x11223384, 0x55667799, 0xffffffffffffff84, 0x11223399},
        {Insn::amswap_db_h, 0x1122ff84, 0x55667799, 0xffffffffffffff84, 0x11227799},
        {Insn::amadd_b, 0x112233ff, 1, UINT64_MAX, 0x11223300},
        {Insn::amadd_h, 0x1122ffff, 2, UINT64_MAX, 0x11220001},
    };
    // clang-format on
    for (const Row& row : rows) {
        run_am(row.insn, row.memory, row.operand);
        EXPECT_EQ(cpu.gpr[a1], row.rd) << la::info(row.insn).text;
        EXPECT_EQ(memory(), row.result) << la::info(row.insn).text;
    }
}

TEST_F(Atomics, CompareAndSwapWritesOnlyOnEquality) {
    struct Row {
        Insn insn;
        std::uint64_t memory;
        std::uint64_t expected;
        std::uint64_t rd;
        std::uint64_t result;
    };
    constexpr std::uint64_t value = 0x1122334455667788;
    constexpr Row rows[] = {
        {Insn::amcas_b, value, 0xff88, 0xffffffffffffff88, 0x11223344556677ee},
        {Insn::amcas_b, value, 0x89, 0xffffffffffffff88, value},
        {Insn::amcas_h, value, 0xff7788, 0x7788, 0x112233445566eeee},
        {Insn::amcas_w, value, 0x55667788, 0x55667788, 0x11223344eeeeeeee},
        {Insn::amcas_w, value, 0x55667789, 0x55667788, value},
        {Insn::amcas_d, value, value, value, 0xeeeeeeeeeeeeeeee},
        {Insn::amcas_d, value, 0, value, value},
        {Insn::amcas_db_d, value, value, value, 0xeeeeeeeeeeeeeeee},
    };
    for (const Row& row : rows) {
        machine.write<std::uint64_t>(data, row.memory);
        cpu.gpr[a0] = data;
        cpu.gpr[a1] = row.expected;
        cpu.gpr[a2] = 0xeeeeeeeeeeeeeeee;
        execute(row.insn, {.rd = a1, .rj = a0, .rk = a2});
        EXPECT_EQ(cpu.gpr[a1], row.rd) << la::info(row.insn).text;
        EXPECT_EQ(memory(), row.result) << la::info(row.insn).text;
    }
    // Register 0 expects 0 and stays 0.
    machine.write<std::uint64_t>(data, 0);
    execute(Insn::amcas_d, {.rd = zero, .rj = a0, .rk = a2});
    EXPECT_EQ(memory(), 0xeeeeeeeeeeeeeeee);
    EXPECT_EQ(cpu.gpr[0], 0u);
}

TEST_F(Atomics, AreAlwaysAligned) {
    struct Kind {
        Insn insn;
        unsigned size;
    };
    constexpr Kind kinds[] = {
        {Insn::amadd_h, 2}, {Insn::amcas_h, 2},  {Insn::amadd_w, 4}, {Insn::amswap_db_w, 4},
        {Insn::amcas_w, 4}, {Insn::ammax_wu, 4}, {Insn::amadd_d, 8}, {Insn::amcas_db_d, 8},
        {Insn::ll_w, 4},    {Insn::ll_d, 8},     {Insn::sc_w, 4},    {Insn::sc_d, 8},
        {Insn::llacq_w, 4}, {Insn::llacq_d, 8},  {Insn::screl_w, 4}, {Insn::screl_d, 8},
        {Insn::sc_q, 16},
    };
    for (const Kind& kind : kinds) {
        for (unsigned offset = 1; offset < kind.size; offset *= 2) {
            machine.write<std::uint64_t>(data, 0x1234);
            cpu.gpr[a0] = data + offset;
            cpu.gpr[a1] = 0x5a5a;
            const auto linked_format = la::format_of(kind.insn);
            const bool has_rk =
                linked_format == la::Format::DKJ || linked_format == la::Format::MKJ;
            execute(kind.insn, {.rd = a1, .rj = a0, .rk = has_rk ? a2 : zero});
            EXPECT_TRUE(raised(Exception::ALE)) << la::info(kind.insn).text << offset;
            EXPECT_EQ(cpu.csr(csr::BADV), data + offset);
            EXPECT_EQ(cpu.gpr[a1], 0x5a5au);
            EXPECT_EQ(memory(), 0x1234u);
        }
    }
}

TEST_F(Atomics, MayNotWriteTheirAddressOrOperandRegister) {
    cpu.gpr[a0] = data;
    for (const Insn insn : {Insn::amadd_w, Insn::amswap_db_d, Insn::ammin_du, Insn::amadd_b}) {
        machine.write<std::uint64_t>(data, 3);
        execute(insn, {.rd = a0, .rj = a0, .rk = a2});
        EXPECT_TRUE(raised(Exception::INE));
        EXPECT_EQ(memory(), 3u);
    }
    // Register 0 is no conflict.
    cpu.gpr[a0] = data;
    execute(Insn::amadd_d, {.rd = zero, .rj = a0, .rk = zero});
    EXPECT_TRUE(went_on());
}

TEST_F(Atomics, AreAddressErrorsOnDevices) {
    cpu.gpr[a0] = SoftMachine::device_base;
    execute(Insn::amadd_d, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::ADEM));
    execute(Insn::ll_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::ADEM));
    EXPECT_TRUE(machine.device.reads.empty());
    EXPECT_TRUE(machine.device.writes.empty());
}

// --- LL and SC -----------------------------------------------------------------------------------

class LinkedAccess : public CpuTest {
protected:
    LinkedAccess() {
        machine.write<std::uint64_t>(data, 0x1122334455667788);
        machine.write<std::uint64_t>(data + 8, 0x99aabbccddeeff00);
    }
    void ll_d(std::uint64_t address) {
        cpu.gpr[a0] = address;
        execute(Insn::ll_d, {.rd = a1, .rj = a0});
    }
    /// Returns whether it succeeded.
    std::uint64_t sc_d(std::uint64_t address, std::uint64_t value) {
        cpu.gpr[a0] = address;
        cpu.gpr[a2] = value;
        execute(Insn::sc_d, {.rd = a2, .rj = a0});
        return cpu.gpr[a2];
    }
    std::uint64_t memory(std::uint64_t offset = 0) {
        return machine.read<std::uint64_t>(data + offset);
    }
};

TEST_F(LinkedAccess, SucceedsOnceAfterALink) {
    EXPECT_EQ(sc_d(data, 1), 0u);
    ll_d(data);
    EXPECT_EQ(cpu.gpr[a1], 0x1122334455667788u);
    EXPECT_EQ(sc_d(data, 2), 1u);
    EXPECT_EQ(memory(), 2u);
    EXPECT_EQ(sc_d(data, 3), 0u);  // the link is used up
    EXPECT_EQ(memory(), 2u);
}

TEST_F(LinkedAccess, TakesOffsetsInWords) {
    cpu.gpr[a0] = data + 0x4000;
    execute(Insn::ll_w, {.rd = a1, .rj = a0, .imm = -0x4000 + 4});
    EXPECT_EQ(cpu.gpr[a1], 0x11223344u);
    cpu.gpr[a2] = 0xffffffff87654321;
    execute(Insn::sc_w, {.rd = a2, .rj = a0, .imm = -0x4000 + 4});
    EXPECT_EQ(cpu.gpr[a2], 1u);
    EXPECT_EQ(memory(), 0x8765432155667788u);
}

TEST_F(LinkedAccess, SignExtendsWords) {
    machine.write<std::uint32_t>(data, 0x80000000);
    cpu.gpr[a0] = data;
    for (const Insn insn : {Insn::ll_w, Insn::llacq_w}) {
        execute(insn, {.rd = a1, .rj = a0});
        EXPECT_EQ(cpu.gpr[a1], 0xffffffff80000000);
    }
}

TEST_F(LinkedAccess, FailsAtAnotherAddress) {
    ll_d(data);
    EXPECT_EQ(sc_d(data + 8, 1), 0u);
    EXPECT_EQ(memory(8), 0x99aabbccddeeff00u);
    ll_d(data);
    ll_d(data + 8);  // the later link counts
    EXPECT_EQ(sc_d(data, 1), 0u);
    EXPECT_EQ(memory(), 0x1122334455667788u);
}

TEST_F(LinkedAccess, FailsWhenSomebodyElseWrote) {
    ll_d(data);
    machine.write<std::uint64_t>(data, 5);
    EXPECT_EQ(sc_d(data, 1), 0u);
    EXPECT_EQ(memory(), 5u);
}

TEST_F(LinkedAccess, FailsAfterErtnAndAfterWcllb) {
    ll_d(data);
    csrwr(csr::ERA, code);
    execute(Insn::ertn);
    EXPECT_EQ(sc_d(data, 1), 0u);
    ll_d(data);
    csrwr(csr::llbctl::number, 2);
    EXPECT_EQ(sc_d(data, 1), 0u);
    EXPECT_EQ(memory(), 0x1122334455667788u);
}

TEST_F(LinkedAccess, SurvivesAnExceptionItselfAndAKeptErtn) {
    ll_d(data);
    execute(Insn::syscall);
    csrwr(csr::llbctl::number, 4);
    csrwr(csr::ERA, code);
    execute(Insn::ertn);
    EXPECT_EQ(sc_d(data, 1), 1u);
}

TEST_F(LinkedAccess, AFaultingStoreKeepsTheLink) {
    map();
    constexpr std::uint64_t page = 0x40000000;
    map_pair(page, (ram + 0x100000) | csr::tlbelo::V::mask, 0);
    ll_d(page);
    cpu.gpr[a2] = 1;
    execute(Insn::sc_d, {.rd = a2, .rj = a0});
    EXPECT_TRUE(raised(Exception::PME));
    EXPECT_EQ(cpu.gpr[a2], 1u);
    return_to(0);
    map_pair(page, (ram + 0x100000) | user_page, 0);
    EXPECT_EQ(sc_d(page, 1), 1u);
}

TEST_F(LinkedAccess, AcquireAndReleaseFormsWorkAlike) {
    cpu.gpr[a0] = data;
    execute(Insn::llacq_d, {.rd = a1, .rj = a0});
    EXPECT_EQ(cpu.gpr[a1], 0x1122334455667788u);
    cpu.gpr[a2] = 9;
    execute(Insn::screl_d, {.rd = a2, .rj = a0});
    EXPECT_EQ(cpu.gpr[a2], 1u);
    EXPECT_EQ(memory(), 9u);
    cpu.gpr[a2] = 8;
    execute(Insn::screl_w, {.rd = a2, .rj = a0});
    EXPECT_EQ(cpu.gpr[a2], 0u);
    EXPECT_EQ(memory(), 9u);
}

TEST_F(LinkedAccess, RegisterZeroStoresZeroAndForgetsTheOutcome) {
    ll_d(data);
    execute(Insn::sc_d, {.rd = zero, .rj = a0});
    EXPECT_EQ(memory(), 0u);
    EXPECT_EQ(cpu.gpr[0], 0u);
}

// --- SC.Q ----------------------------------------------------------------------------------------

class WideStore : public LinkedAccess {
protected:
    std::uint64_t sc_q(std::uint64_t address, std::uint64_t low, std::uint64_t high) {
        cpu.gpr[a0] = address;
        cpu.gpr[a2] = low;
        cpu.gpr[a3] = high;
        execute(Insn::sc_q, {.rd = a2, .rj = a0, .rk = a3});
        return cpu.gpr[a2];
    }
};

TEST_F(WideStore, WritesBothHalvesAfterALinkOfEither) {
    EXPECT_EQ(sc_q(data, 1, 2), 0u);
    ll_d(data);
    EXPECT_EQ(sc_q(data, 1, 2), 1u);
    EXPECT_EQ(memory(), 1u);
    EXPECT_EQ(memory(8), 2u);
    ll_d(data + 8);
    EXPECT_EQ(sc_q(data, 3, 4), 1u);
    EXPECT_EQ(memory(), 3u);
    EXPECT_EQ(memory(8), 4u);
    EXPECT_EQ(sc_q(data, 5, 6), 0u);
}

TEST_F(WideStore, FailsWhenEitherHalfChanged) {
    for (const std::uint64_t changed : {0u, 8u}) {
        for (const std::uint64_t linked : {0u, 8u}) {
            ll_d(data + linked);
            machine.write<std::uint64_t>(data + changed, 77 + linked);
            EXPECT_EQ(sc_q(data, 1, 2), 0u) << changed << linked;
            EXPECT_EQ(memory(changed), 77 + linked);
        }
    }
}

TEST_F(WideStore, FailsElsewhere) {
    ll_d(data);
    EXPECT_EQ(sc_q(data + 16, 1, 2), 0u);
    EXPECT_EQ(memory(16), 0u);
}

}  // namespace
}  // namespace lkvm::test
