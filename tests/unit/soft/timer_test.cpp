// SPDX-License-Identifier: GPL-2.0-or-later
// Constant-frequency counter and timer: LA Vol.1 §2.2.10.4, §7.6. Tests move the clock.
#include "loongarch/soft/timers.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;

class Timer : public CpuTest {
protected:
    static constexpr std::uint64_t once = 1;
    static constexpr std::uint64_t periodic = 3;
    static constexpr std::uint64_t all_ones = (std::uint64_t{1} << 48) - 1;

    std::uint64_t value() { return csrrd(csr::TVAL); }
    bool fired() { return csr::estat::TI::get(csrrd(csr::estat::number)); }
    void clear() { csrwr(csr::TICLR, 1); }
    std::uint64_t counter() {
        execute(Insn::rdtime_d, {.rd = t2, .rj = t3});
        return cpu.gpr[t2];
    }
};

TEST_F(Timer, CountsDownOnceAndStops) {
    csrwr(csr::tcfg::number, 1000 | once);
    EXPECT_EQ(value(), 1000u);
    machine.clock.advance_ticks(1);
    EXPECT_EQ(value(), 999u);
    machine.clock.advance_ticks(998);
    EXPECT_EQ(value(), 1u);
    EXPECT_FALSE(fired());
    machine.clock.advance_ticks(1);
    EXPECT_TRUE(fired());
    EXPECT_EQ(value(), all_ones);
    EXPECT_EQ(csrrd(csr::tcfg::number), 1000 | once);  // still enabled
    clear();
    EXPECT_FALSE(fired());
    machine.clock.advance_ticks(100000);
    EXPECT_FALSE(fired());
    EXPECT_EQ(value(), all_ones);
}

TEST_F(Timer, ReloadsExactlyWhenPeriodic) {
    // Periods with each of the two low bits of InitVal.
    for (const std::uint64_t period : {1000u, 1004u, 4u, 8u, 400000u}) {
        csrwr(csr::tcfg::number, period | periodic);
        EXPECT_EQ(value(), period);
        for (int i = 0; i < 5; ++i) {
            machine.clock.advance_ticks(period - 1);
            EXPECT_EQ(value(), 1u) << period;
            EXPECT_FALSE(fired()) << period;
            machine.clock.advance_ticks(1);
            EXPECT_EQ(value(), period) << period;
            EXPECT_TRUE(fired()) << period;
            clear();
            EXPECT_FALSE(fired()) << period;
        }
        // Many periods at once are one interrupt, and the phase stays.
        machine.clock.advance_ticks(10 * period + 1);
        EXPECT_TRUE(fired());
        clear();
        EXPECT_FALSE(fired());
        EXPECT_EQ(value(), period - 1);
    }
}

TEST_F(Timer, FreezesWhenItIsStoppedAndReloadsWhenStarted) {
    csrwr(csr::tcfg::number, 1000 | once);
    machine.clock.advance_ticks(300);
    csrwr(csr::tcfg::number, 1000);
    EXPECT_EQ(value(), 700u);
    machine.clock.advance_ticks(10000);
    EXPECT_EQ(value(), 700u);
    EXPECT_FALSE(fired());
    csrwr(csr::tcfg::number, 2000 | once);
    EXPECT_EQ(value(), 2000u);
    // Writing the configuration again starts over.
    machine.clock.advance_ticks(1500);
    csrwr(csr::tcfg::number, 2000 | once);
    EXPECT_EQ(value(), 2000u);
}

TEST_F(Timer, StartsOverWhenTheEnableBitIsExchangedIn) {
    csrwr(csr::tcfg::number, 1000);
    csrxchg(csr::tcfg::number, 1, 1);
    EXPECT_EQ(csrrd(csr::tcfg::number), 1001u);
    EXPECT_EQ(value(), 1000u);
}

TEST_F(Timer, KeepsItsInterruptUntilSoftwareClearsIt) {
    csrwr(csr::tcfg::number, 8 | once);
    machine.clock.advance_ticks(8);
    EXPECT_TRUE(fired());
    csrwr(csr::estat::number, 0);  // TI is read-only there
    EXPECT_TRUE(fired());
    csrwr(csr::TICLR, 0);
    csrwr(csr::TICLR, 2);
    EXPECT_TRUE(fired());
    csrxchg(csr::TICLR, 1, 2);
    EXPECT_TRUE(fired());
    csrwr(csr::tcfg::number, 0);  // stopping does not take it back
    EXPECT_TRUE(fired());
    EXPECT_EQ(csrrd(csr::TICLR), 0u);
    clear();
    EXPECT_FALSE(fired());
}

TEST_F(Timer, DoesNotChangeItsCountWhenCleared) {
    csrwr(csr::tcfg::number, 1000 | periodic);
    machine.clock.advance_ticks(1250);
    clear();
    EXPECT_EQ(value(), 750u);
}

TEST_F(Timer, HoldsLargeCountsAndIgnoresBitsAboveItsWidth) {
    csrwr(csr::tcfg::number, UINT64_MAX & ~std::uint64_t{2});
    EXPECT_EQ(csrrd(csr::tcfg::number), 0x0000fffffffffffdu);
    EXPECT_EQ(value(), 0x0000fffffffffffcu);
    machine.clock.advance_ticks(4);
    EXPECT_EQ(value(), 0x0000fffffffffff8u);
    EXPECT_FALSE(fired());
    csrwr(csr::tcfg::number, 0);
}

TEST_F(Timer, FiresAtOnceForACountOfZero) {
    csrwr(csr::tcfg::number, once);
    EXPECT_TRUE(fired());
}

TEST_F(Timer, InterruptsWhenItFires) {
    csrwr(csr::ecfg::number, 1u << 11);
    csrwr(csr::crmd::number, csr::crmd::DA::mask | csr::crmd::IE::mask);
    csrwr(csr::tcfg::number, 100 | once);
    machine.clock.advance_ticks(99);
    execute(Insn::andi);
    EXPECT_TRUE(went_on());
    machine.clock.advance_ticks(1);
    machine.write(exception_entry, la::encode(Insn::andi));
    execute(Insn::andi);
    EXPECT_EQ(cpu.pc, exception_entry + 4);
    EXPECT_EQ(cpu.csr(csr::ERA), code);
    EXPECT_EQ(ecode(), 0u);
}

// --- Counter -------------------------------------------------------------------------------------

TEST_F(Timer, CounterRunsAt100MegahertzAndTellsItsNumber) {
    const std::uint64_t before = counter();
    machine.clock.advance_ns(1'000'000'000);
    EXPECT_EQ(counter(), before + 100'000'000);
    csrwr(csr::TID, 77);
    counter();
    EXPECT_EQ(cpu.gpr[t3], 77u);
    cpu.gpr[a0] = 4;
    execute(Insn::cpucfg, {.rd = a1, .rj = a0});
    EXPECT_EQ(cpu.gpr[a1], 100'000'000u);
}

TEST_F(Timer, CompensationMovesTheCounterButNotTheTimer) {
    csrwr(csr::tcfg::number, 1000 | once);
    const std::uint64_t before = counter();
    csrwr(csr::CNTC, 0x123456789abcdef0);
    EXPECT_EQ(counter(), before + 0x123456789abcdef0);
    EXPECT_EQ(value(), 1000u);
    csrwr(csr::CNTC, UINT64_MAX);
    EXPECT_EQ(counter(), before - 1);
}

TEST_F(Timer, HalvesOfTheCounterAreSignExtended) {
    csrwr(csr::CNTC, 0x80000001fffffff0 - counter());
    execute(Insn::rdtimel_w, {.rd = a0, .rj = a1});
    execute(Insn::rdtimeh_w, {.rd = a2, .rj = 0});
    EXPECT_EQ(cpu.gpr[a0], 0xfffffffffffffff0);
    EXPECT_EQ(cpu.gpr[a2], 0xffffffff80000001);
    EXPECT_EQ(cpu.gpr[0], 0u);
}

TEST_F(Timer, CounterIsForbiddenPerPrivilegeLevel) {
    for (unsigned forbidden = 0; forbidden < 4; ++forbidden) {
        for (unsigned level = 0; level < 4; ++level) {
            return_to(0);
            csrwr(csr::misc::number,
                  csr::misc::DRDTL::put(0, forbidden == 0 ? 0 : 1u << (forbidden - 1)));
            set_level(level);
            for (const Insn insn : {Insn::rdtime_d, Insn::rdtimel_w, Insn::rdtimeh_w}) {
                cpu.gpr[a0] = 0;
                execute(insn, {.rd = a0, .rj = 0});
                if (level != 0 && forbidden == level) {
                    EXPECT_TRUE(raised(Exception::IPE)) << level;
                    EXPECT_EQ(cpu.gpr[a0], 0u);
                } else {
                    EXPECT_TRUE(went_on()) << level;
                }
                return_to(level);
            }
        }
    }
}

// --- Real time -----------------------------------------------------------------------------------

TEST(TimerThread, InterruptsALoopThatNeverLooks) {
    SoftMachine machine;
    machine.clock.follow_host();
    Program code{SoftMachine::ram_base};
    code.set_csr(csr::EENTRY, SoftMachine::ram_base + 0x1000);
    code.set_csr(csr::ecfg::number, 1u << 11);
    code.set_csr(csr::tcfg::number, 500'000 | 1);  // 5 ms
    code.set_csr(csr::crmd::number, csr::crmd::DA::mask | csr::crmd::IE::mask);
    const auto loop = code.bound();
    code.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(loop);
    // The host may have been busy elsewhere: then the loop has hardly begun, and gets more time.
    Program handler{SoftMachine::ram_base + 0x1000};
    const auto done = handler.label();
    handler.op(Insn::rdtime_d, {.rd = a1}).li(t0, 1000);
    handler.branch(Insn::bltu, {.rd = a0, .rj = t0}, done);
    handler.set_csr(csr::TICLR, 1).set_csr(csr::tcfg::number, 500'000 | 1).op(Insn::ertn);
    handler.bind(done).stop(SoftMachine::stop_address);
    machine.load(handler);
    const std::uint64_t before = machine.system.counter();
    machine.run(code);
    EXPECT_GE(machine.cpu().gpr[a1] - before, 500'000u);
    EXPECT_GT(machine.cpu().gpr[a0], 1000u);
}

TEST(TimerThread, TicksPeriodicallyWithoutLosingTime) {
    SoftMachine machine;
    machine.clock.follow_host();
    constexpr std::uint64_t period = 100'000;  // 1 ms
    Program code{SoftMachine::ram_base};
    code.set_csr(csr::EENTRY, SoftMachine::ram_base + 0x1000);
    code.set_csr(csr::ecfg::number, 1u << 11);
    code.set_csr(csr::tcfg::number, period | 3);
    code.set_csr(csr::crmd::number, csr::crmd::DA::mask | csr::crmd::IE::mask);
    const auto loop = code.bound();
    code.op(Insn::idle).b(loop);
    // The handler counts the interrupts and ends after 20.
    Program handler{SoftMachine::ram_base + 0x1000};
    const auto done = handler.label();
    handler.li(t0, 1).csrwr(t0, csr::TICLR);
    handler.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).li(t0, 20);
    handler.branch(Insn::beq, {.rd = t0, .rj = a0}, done).op(Insn::ertn);
    handler.bind(done).stop(SoftMachine::stop_address);
    machine.load(handler);
    const std::uint64_t before = machine.system.counter();
    machine.run(code);
    EXPECT_GE(machine.system.counter() - before, 20 * period);
    EXPECT_EQ(machine.cpu().gpr[a0], 20u);
}

TEST(TimerThread, ForgetsACpuThatGoesAway) {
    SoftMachine machine;
    machine.clock.follow_host();
    {
        alignas(16) std::array<std::byte, 1 << 12> code{};
        la::Cpu short_lived{machine.system, 7, la::CpuConfig::full(), code};
        machine.system.attach(short_lived);
        short_lived.write_csr(csr::tcfg::number, 200'000 | 1);
    }
    EXPECT_EQ(machine.system.cpus().size(), 1u);
    std::this_thread::sleep_for(std::chrono::milliseconds{5});  // the deadline passes
}

}  // namespace
}  // namespace lkvm::test
