// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/wait_loop.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Decoded;
using la::Insn;
using namespace reg;

/// `body` with a branch behind it that goes back to its start.
bool waits(std::vector<Decoded> body, Decoded branch) {
    branch.imm = -4 * static_cast<std::int32_t>(body.size());
    body.push_back(branch);
    return la::is_wait_loop(body);
}

constexpr Decoded load{.insn = Insn::ld_bu, .rd = t0, .rj = a0};
constexpr Decoded pick{.insn = Insn::bstrpick_w, .rd = t0, .rj = t0};
constexpr Decoded until_zero{.insn = Insn::bnez, .rj = t0};

TEST(WaitLoop, LooksAtMemoryUntilItChanges) {
    EXPECT_TRUE(waits({load}, until_zero));
    EXPECT_TRUE(waits({load, pick}, until_zero));
    EXPECT_TRUE(waits({load, {.insn = Insn::dbar}}, {.insn = Insn::beq, .rd = a1, .rj = t0}));
}

TEST(WaitLoop, HasNothingThatChangesFromTurnToTurn) {
    // Walks through memory.
    const Decoded step{.insn = Insn::addi_w, .rd = a0, .rj = a0, .imm = 1};
    EXPECT_FALSE(waits({load, step}, until_zero));
    // Follows a list.
    EXPECT_FALSE(waits({{.insn = Insn::ld_d, .rd = a0, .rj = a0}}, {.insn = Insn::bnez, .rj = a0}));
    // Keeps what was found before.
    EXPECT_FALSE(waits({{.insn = Insn::or_, .rd = t1, .rj = t0}, load}, until_zero));
    EXPECT_FALSE(waits({load, {.insn = Insn::st_b, .rd = t0, .rj = a1}}, until_zero));
    EXPECT_FALSE(waits({load, Decoded{}}, until_zero)) << "an instruction that is refused";
    EXPECT_FALSE(waits({pick}, until_zero)) << "without a load nothing would end it";
}

TEST(WaitLoop, EndsWithABranchToItsStart) {
    Decoded elsewhere = until_zero;
    for (const std::int32_t offset : {-8, 0, 4}) {
        elsewhere.imm = offset;
        EXPECT_FALSE(la::is_wait_loop(std::vector{load, elsewhere})) << offset;
    }
    EXPECT_FALSE(la::is_wait_loop(std::vector{load}));
    EXPECT_FALSE(la::is_wait_loop({}));
}

TEST(WaitLoop, TwoCpusThatWaitForEachOtherGoOn) {
    constexpr std::uint64_t ram = SoftMachine::ram_base;
    constexpr std::uint64_t flag = ram + 0x8000;
    constexpr std::uint64_t stop = SoftMachine::stop_address;
    constexpr std::uint64_t rounds = 300;
    SoftMachine machine{{.cpus = 2}};
    std::vector<std::uint64_t> entries;
    for (unsigned i = 0; i < 2; ++i) {
        Program program{ram + 0x1000 * (i + 1)};
        program.li(s0, flag).li(s1, rounds).li(s2, 1 - i);
        const auto round = program.label();
        program.bind(round);
        const auto wait = program.label();
        program.bind(wait);
        program.op(Insn::ld_w, {.rd = t0, .rj = s0});
        program.branch(i == 0 ? Insn::bnez : Insn::beqz, {.rj = t0}, wait);
        program.op(Insn::st_w, {.rd = s2, .rj = s0});
        program.op(Insn::addi_d, {.rd = s1, .rj = s1, .imm = -1});
        program.branch(Insn::bnez, {.rj = s1}, round).stop(stop);
        machine.load(program);
        entries.push_back(program.base());
    }
    machine.run_all(entries);
    EXPECT_EQ(machine.read<std::uint32_t>(flag), 0u);
}

}  // namespace
}  // namespace lkvm::test
