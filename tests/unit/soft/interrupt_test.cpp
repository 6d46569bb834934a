// SPDX-License-Identifier: GPL-2.0-or-later
// Interrupts: enables, priorities, vectors, idle. LA Vol.1 §6.1, §4.2.6.3.
#include "loongarch/soft/cpu.hpp"

#include <chrono>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;

constexpr std::uint64_t interrupts_on = csr::crmd::DA::mask | csr::crmd::IE::mask;

class Interrupts : public CpuTest {
protected:
    /// Executes a nop; true if an interrupt came before it.
    bool interrupted() {
        // Interrupts come before an instruction of the step, so that one of the handler runs too.
        for (unsigned i = 0; i < 80; ++i) {
            machine.write(exception_entry + i * 8, la::encode(Insn::andi));
        }
        execute(Insn::andi);
        return cpu.pc != code + 4;
    }
    [[nodiscard]] std::uint64_t vector() const { return (cpu.pc - 4 - exception_entry) / 8; }
};

TEST_F(Interrupts, NeedTheGlobalAndTheLocalEnable) {
    cpu.set_line(3, true);
    EXPECT_FALSE(interrupted());
    cpu.write_csr(csr::ecfg::number, 1u << 3);
    EXPECT_FALSE(interrupted());
    cpu.write_csr(csr::ecfg::number, 0x1fff & ~(1u << 3));
    cpu.write_csr(csr::crmd::number, interrupts_on);
    EXPECT_FALSE(interrupted());
    cpu.write_csr(csr::ecfg::number, 1u << 3);
    EXPECT_TRUE(interrupted());
}

TEST_F(Interrupts, WriteLikeAnExceptionWithoutInstructionAndAddress) {
    cpu.csr(csr::BADI) = 0x1234;
    cpu.csr(csr::BADV) = 0x5678;
    execute(Insn::syscall);  // leaves a code in ESTAT
    cpu.csr(csr::BADI) = 0x1234;
    cpu.write_csr(csr::ecfg::number, 1u << 12);
    cpu.write_csr(csr::crmd::number, interrupts_on | csr::crmd::WE::mask);
    cpu.set_line(12, true);
    ASSERT_TRUE(interrupted());
    EXPECT_EQ(cpu.csr(csr::ERA), code);
    EXPECT_EQ(ecode(), 0u);
    EXPECT_EQ(esubcode(), 0u);
    EXPECT_EQ(cpu.csr(csr::BADI), 0x1234u);
    EXPECT_EQ(cpu.csr(csr::BADV), 0x5678u);
    EXPECT_EQ(cpu.csr(csr::crmd::number), csr::crmd::DA::mask);
    EXPECT_EQ(cpu.csr(csr::prmd::number), 0xcu);
    // The handler is not interrupted again.
    EXPECT_FALSE(interrupted());
}

TEST_F(Interrupts, HigherNumbersComeFirst) {
    cpu.write_csr(csr::ecfg::number, 0x1fff | csr::ecfg::VS::put(0, 1));
    // Everything that can be pending at once.
    cpu.write_csr(csr::estat::number, 3);
    for (unsigned line = 2; line <= 9; ++line) cpu.set_line(line, true);
    cpu.write_csr(csr::tcfg::number, 1);
    cpu.set_line(12, true);
    const unsigned order[] = {12, 11, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0};
    for (const unsigned number : order) {
        cpu.write_csr(csr::crmd::number, interrupts_on);
        ASSERT_TRUE(interrupted()) << number;
        EXPECT_EQ(vector(), 64 + number);
        if (number == 11) {
            cpu.write_csr(csr::TICLR, 1);
        } else if (number < 2) {
            cpu.write_csr(csr::estat::number, (1u << number) - 1);
        } else {
            cpu.set_line(number, false);
        }
    }
    cpu.write_csr(csr::crmd::number, interrupts_on);
    EXPECT_FALSE(interrupted());
}

TEST_F(Interrupts, DisabledOnesDoNotChooseTheVector) {
    cpu.write_csr(csr::ecfg::number, (1u << 2) | csr::ecfg::VS::put(0, 1));
    cpu.set_line(12, true);
    cpu.set_line(2, true);
    cpu.write_csr(csr::crmd::number, interrupts_on);
    ASSERT_TRUE(interrupted());
    EXPECT_EQ(vector(), 66u);
}

TEST_F(Interrupts, ShareTheEntryWhenVsIsZero) {
    cpu.write_csr(csr::ecfg::number, 1u << 12);
    cpu.set_line(12, true);
    cpu.write_csr(csr::crmd::number, interrupts_on);
    ASSERT_TRUE(interrupted());
    EXPECT_EQ(cpu.pc, exception_entry + 4);
}

TEST_F(Interrupts, ComeBeforeTheExceptionsOfAnInstruction) {
    cpu.write_csr(csr::ecfg::number, 1u << 2);
    cpu.set_line(2, true);
    cpu.write_csr(csr::crmd::number, interrupts_on);
    machine.write(exception_entry, la::encode(Insn::andi));
    execute(Insn::syscall);
    EXPECT_EQ(ecode(), 0u);
    EXPECT_EQ(cpu.csr(csr::ERA), code);
}

TEST_F(Interrupts, AreGoneWhenTheLineFallsInTime) {
    cpu.write_csr(csr::ecfg::number, 1u << 2);
    cpu.write_csr(csr::crmd::number, interrupts_on);
    cpu.set_line(2, true);
    cpu.set_line(2, false);
    EXPECT_FALSE(interrupted());
}

/// Blocks that run through: an interrupt must come right after the instruction that lets it in.
class InterruptsInBlocks : public CpuTest {
protected:
    InterruptsInBlocks() {
        Program handler{exception_entry};
        handler.csrrd(s0, csr::ERA).stop(SoftMachine::stop_address);
        machine.load(handler);
    }
    /// Runs `program` with nops behind it and gives the ERA of the interrupt.
    std::uint64_t run_to_interrupt(Program& program) {
        program.nop(10).stop(SoftMachine::stop_address);
        cpu.gpr[s0] = 0;
        machine.run(program);
        return cpu.gpr[s0];
    }
};

TEST_F(InterruptsInBlocks, ComeRightAfterASoftwareInterruptIsRaised) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 3);
    program.set_csr(csr::crmd::number, interrupts_on);
    program.set_csr(csr::estat::number, 2);
    const std::uint64_t here = program.here();
    EXPECT_EQ(run_to_interrupt(program), here);
}

TEST_F(InterruptsInBlocks, ComeRightAfterTheGlobalEnable) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 3).set_csr(csr::estat::number, 1);
    program.li(t0, csr::crmd::IE::mask).csrxchg(t0, t0, csr::crmd::number);
    const std::uint64_t here = program.here();
    EXPECT_EQ(run_to_interrupt(program), here);
}

TEST_F(InterruptsInBlocks, ComeRightAfterTheLocalEnable) {
    Program program{code};
    program.set_csr(csr::crmd::number, interrupts_on).set_csr(csr::estat::number, 1);
    program.set_csr(csr::ecfg::number, 1);
    const std::uint64_t here = program.here();
    EXPECT_EQ(run_to_interrupt(program), here);
}

TEST_F(InterruptsInBlocks, ComeAtTheInstructionThatErtnGoesTo) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1).set_csr(csr::estat::number, 1);
    program.set_csr(csr::prmd::number, csr::prmd::PIE::mask);
    program.set_csr(csr::ERA, code + 0x200).op(Insn::ertn);
    machine.write(code + 0x200, la::encode(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}));
    EXPECT_EQ(run_to_interrupt(program), code + 0x200);
    EXPECT_EQ(cpu.gpr[a0], 0u);
}

TEST_F(InterruptsInBlocks, ComeRightAfterAnIocsrWriteThatRaisesThem) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 12).set_csr(csr::crmd::number, interrupts_on);
    program.li(t0, SoftMachine::iocsr_raise_ipi).op(Insn::iocsrwr_w, {.rd = zero, .rj = t0});
    const std::uint64_t here = program.here();
    EXPECT_EQ(run_to_interrupt(program), here);
}

TEST_F(InterruptsInBlocks, BreakIntoAnEndlessLoop) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 5).set_csr(csr::crmd::number, interrupts_on);
    const auto loop = program.bound();
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(loop);
    machine.load(program);
    const std::uint64_t entry[] = {program.base()};
    machine.start(entry);
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
    cpu.set_line(5, true);
    machine.join();
    EXPECT_EQ(cpu.gpr[s0], program.address(loop));
}

TEST_F(InterruptsInBlocks, AreTakenManyTimesWithoutLosingOrInventingOne) {
    // The handler lowers the line by an IOCSR, counts and returns; the loop waits for the count and
    // raises the next.
    Program handler{exception_entry};
    handler.li(t0, SoftMachine::iocsr_lower_ipi).op(Insn::iocsrwr_w, {.rd = zero, .rj = t0});
    handler.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).op(Insn::ertn);
    machine.load(handler);
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 12).set_csr(csr::crmd::number, interrupts_on);
    program.li(a1, 2000).li(t1, SoftMachine::iocsr_raise_ipi);
    const auto loop = program.bound();
    program.op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = 1});
    program.op(Insn::iocsrwr_w, {.rd = zero, .rj = t1});
    program.branch(Insn::bne, {.rd = a1, .rj = a2}, loop);
    program.stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a0], 2000u);
}

// --- Idle ----------------------------------------------------------------------------------------

class Idle : public InterruptsInBlocks {
protected:
    /// Starts the program and waits until the vCPU sleeps in its idle instruction, which ends at
    /// `behind`.
    void start_until_idle(const Program& program, std::uint64_t behind) {
        machine.load(program);
        const std::uint64_t entry[] = {program.base()};
        machine.start(entry);
        for (bool asleep = false; !asleep;) {
            std::this_thread::yield();
            machine.system.hold(1);
            asleep = cpu.pc == behind;
            machine.system.release();
        }
    }
};

TEST_F(Idle, WakesForALineAndGoesOnBehindIdle) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 4).set_csr(csr::crmd::number, interrupts_on);
    program.op(Insn::idle);
    const std::uint64_t behind = program.here();
    program.nop().stop(SoftMachine::stop_address);
    start_until_idle(program, behind);
    cpu.set_line(4, true);
    machine.join();
    EXPECT_EQ(cpu.gpr[s0], behind);
}

TEST_F(Idle, WakesWithInterruptsOffWithoutTakingOne) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 4);
    program.op(Insn::idle);
    const std::uint64_t behind = program.here();
    program.li(a0, 7).stop(SoftMachine::stop_address);
    start_until_idle(program, behind);
    cpu.set_line(4, true);
    machine.join();
    EXPECT_EQ(cpu.gpr[a0], 7u);
    EXPECT_EQ(cpu.gpr[s0], 0u);
}

TEST_F(Idle, DoesNotSleepWhenAnInterruptIsPending) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 3).set_csr(csr::estat::number, 1);
    program.op(Insn::idle).li(a0, 7).stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a0], 7u);
}

TEST_F(Idle, IsNotWokenByALineThatIsNotEnabled) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 4);
    program.op(Insn::idle);
    const std::uint64_t behind = program.here();
    program.li(a0, 7).stop(SoftMachine::stop_address);
    start_until_idle(program, behind);
    cpu.set_line(5, true);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    machine.system.hold(1);
    EXPECT_EQ(cpu.gpr[a0], 0u);
    machine.system.release();
    cpu.set_line(4, true);
    machine.join();
    EXPECT_EQ(cpu.gpr[a0], 7u);
}

TEST_F(Idle, WakesForTheTimerInTime) {
    machine.clock.follow_host();
    Program program{code};
    program.set_csr(csr::ecfg::number, 1u << 11);
    program.op(Insn::rdtime_d, {.rd = a0});
    program.set_csr(csr::tcfg::number, 2'000'000 | 1);  // 20 ms
    program.op(Insn::idle).op(Insn::rdtime_d, {.rd = a1});
    program.stop(SoftMachine::stop_address);
    machine.run(program);
    const std::uint64_t slept = cpu.gpr[a1] - cpu.gpr[a0];
    EXPECT_GE(slept, 2'000'000u);
    EXPECT_LT(slept, 3'000'000'000u);  // the host may be busy
}

TEST_F(Idle, EndsWhenTheMachineStops) {
    Program program{code};
    program.op(Insn::idle);
    const std::uint64_t behind = program.here();
    program.stop(SoftMachine::stop_address);
    start_until_idle(program, behind);
    cpu.stop();
    machine.join();
}

TEST_F(Idle, CountsAsOneInstruction) {
    Program program{code};
    program.set_csr(csr::ecfg::number, 3).set_csr(csr::estat::number, 1);
    program.op(Insn::idle).op(Insn::idle);
    const std::uint64_t length = (program.here() - program.base()) / 4;
    machine.load(program);
    cpu.pc = program.base();
    const std::uint64_t before = cpu.instructions;
    machine.step(length);
    EXPECT_EQ(cpu.instructions - before, length);
    EXPECT_EQ(cpu.pc, program.here());
}

}  // namespace
}  // namespace lkvm::test
