// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: the guest's timer and counter, and the way in which Linux KVM saves and
// restores them, on a clock that stands still until the test moves it.
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

#include "tests/support/lvz_machine.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t guest_base = LvzMachine::guest_base;
constexpr std::uint64_t one_shot = 1;
constexpr std::uint64_t periodic = 3;
constexpr std::uint64_t all_ones = (std::uint64_t{1} << timer_bits) - 1;

class TimerMachine : public LvzMachine {
public:
    [[nodiscard]] std::uint64_t now() { return system.counter(); }
    [[nodiscard]] bool pending() { return estat::TI::get(get_guest(estat::number)); }
    [[nodiscard]] std::uint64_t left() { return get_guest(TVAL); }
    void arm(std::uint64_t ticks, std::uint64_t mode) { set_guest(tcfg::number, ticks | mode); }
    void acknowledge() { set_guest(TICLR, 1); }

    // --- What KVM does when it takes a vCPU off the CPU and puts it back ------------------------

    struct Saved {
        std::uint64_t config = 0;
        std::uint64_t count = 0;
        std::uint64_t status = 0;
        std::uint64_t expire = 0;
    };
    Saved save() {
        Saved saved;
        saved.config = get_guest(tcfg::number);
        saved.count = get_guest(TVAL);
        if (tcfg::En::get(saved.config)) {
            saved.expire = now() + (saved.count < saved.config ? saved.count : 0);
        }
        saved.status = get_guest(estat::number);
        return saved;
    }
    void restore(const Saved& saved) {
        set_guest(tcfg::number, 0);
        set_guest(estat::number, saved.status);
        set_guest(tcfg::number, saved.config);
        if (!tcfg::En::get(saved.config)) {
            set_guest(TVAL, saved.count);
            return;
        }
        const bool repeats = tcfg::Periodic::get(saved.config);
        if (!repeats && saved.count > saved.config) {
            set_guest(TVAL, 0);
            if (estat::TI::get(saved.status)) return;
            clock.advance_ticks(2);
            if (!pending()) set_guest(TVAL, 0xfffffffffffc);
            acknowledge();
            return;
        }
        std::uint64_t delta = 0;
        if (now() < saved.expire) {
            delta = saved.expire - now();
        } else if (repeats) {
            const std::uint64_t period = saved.config & tcfg::count_mask;
            delta = period - (now() - saved.expire) % period;
            change_guest(estat::number, UINT64_MAX, estat::TI::mask);
        }
        set_guest(TVAL, delta);
    }
    /// The other vCPU that runs meanwhile leaves nothing of its own.
    void run_another_vcpu() {
        set_guest(tcfg::number, 0).set_guest(estat::number, 0);
        arm(12, periodic);
        clock.advance_ticks(30);
        set_guest(tcfg::number, 0).set_guest(estat::number, 0).set_guest(TVAL, 0);
    }
};

TEST(Lvz, Row21GuestTimerRunsWhileRootRuns) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    EXPECT_EQ(machine.left(), 1000u);
    machine.clock.advance_ticks(400);
    EXPECT_EQ(machine.left(), 600u);
    EXPECT_FALSE(machine.pending());
    machine.clock.advance_ticks(599);
    EXPECT_EQ(machine.left(), 1u);
    EXPECT_FALSE(machine.pending());
    machine.clock.advance_ticks(1);
    EXPECT_TRUE(machine.pending());
    // Root's own timer and status know nothing of it.
    EXPECT_FALSE(estat::TI::get(machine.get(estat::number)));
    EXPECT_EQ(machine.get(tcfg::number), 0u);
}

TEST(Lvz, Row21OneShotThatFiredStaysEnabledAndCountsAboveItsStart) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(1000);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.get_guest(tcfg::number), 1001u);
    EXPECT_GT(machine.left(), machine.get_guest(tcfg::number));
    EXPECT_LE(machine.left(), all_ones);
    machine.acknowledge();
    machine.clock.advance_ticks(100'000);
    EXPECT_GT(machine.left(), machine.get_guest(tcfg::number));
    EXPECT_FALSE(machine.pending());
}

TEST(Lvz, Row21PeriodicTimerReloads) {
    TimerMachine machine;
    machine.arm(1000, periodic);
    machine.clock.advance_ticks(1000);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.left(), 1000u);
    machine.acknowledge();
    machine.clock.advance_ticks(2300);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.left(), 700u);
    machine.acknowledge();
    machine.clock.advance_ticks(699);
    EXPECT_FALSE(machine.pending());
    machine.clock.advance_ticks(1);
    EXPECT_TRUE(machine.pending());
}

TEST(Lvz, Row21WritingZeroToTvalFiresAtOnce) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.set_guest(TVAL, 0);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.left(), all_ones);
    machine.acknowledge();
    machine.arm(1000, periodic);
    machine.set_guest(TVAL, 0);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.left(), 1000u);
    // Not while it is off.
    machine.acknowledge();
    machine.arm(1000, 0);
    machine.set_guest(TVAL, 0);
    EXPECT_FALSE(machine.pending());
    EXPECT_EQ(machine.left(), 0u);
}

TEST(Lvz, Row21WritingTvalSetsTheCountThatIsLeft) {
    TimerMachine machine;
    machine.arm(1000, periodic);
    machine.set_guest(TVAL, 250);
    EXPECT_EQ(machine.left(), 250u);
    machine.clock.advance_ticks(250);
    EXPECT_TRUE(machine.pending());
    EXPECT_EQ(machine.left(), 1000u);
    // Far away, and nothing above 48 bits.
    machine.acknowledge();
    for (const std::uint64_t value : {std::uint64_t{0xfffffffffffc}, UINT64_MAX}) {
        machine.set_guest(TVAL, value);
        EXPECT_EQ(machine.left(), value & all_ones);
        machine.clock.advance_ticks(1'000'000);
        EXPECT_FALSE(machine.pending());
    }
    // While it is off it is only kept.
    machine.arm(0, 0);
    machine.set_guest(TVAL, UINT64_MAX);
    machine.clock.advance_ticks(5);
    EXPECT_EQ(machine.left(), all_ones);
}

TEST(Lvz, Row21TiclrClearsTheInterruptAndKeepsTheCount) {
    TimerMachine machine;
    machine.arm(1000, periodic);
    machine.clock.advance_ticks(1300);
    EXPECT_TRUE(machine.pending());
    machine.acknowledge();
    EXPECT_FALSE(machine.pending());
    EXPECT_EQ(machine.left(), 700u);
    EXPECT_EQ(machine.get_guest(TICLR), 0u);
    // From the guest, too; the one that root set as well.
    machine.change_guest(estat::number, UINT64_MAX, estat::TI::mask);
    Program guest{guest_base};
    guest.set_csr(TICLR, 1).csrrd(a0, estat::number).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), 0u);
    machine.set_guest(TICLR, 2);  // another bit
    EXPECT_EQ(machine.left(), 700u);
}

TEST(Lvz, Row21WritingZeroToTcfgStops) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(300);
    machine.set_guest(tcfg::number, 0);
    machine.clock.advance_ticks(5000);
    EXPECT_FALSE(machine.pending());
    EXPECT_EQ(machine.left(), 700u);
    // Enabled again it starts from the new value.
    machine.arm(400, one_shot);
    EXPECT_EQ(machine.left(), 400u);
}

TEST(Lvz, ExpiryBeforeTcfgIsWrittenIsNotLost) {
    for (const std::uint64_t next : {std::uint64_t{0}, 400 | one_shot, 400 | periodic}) {
        TimerMachine machine;
        machine.arm(1000, one_shot);
        machine.clock.advance_ticks(1001);
        machine.set_guest(tcfg::number, next);  // nobody looked at the timer in between
        EXPECT_TRUE(machine.pending());
        machine.acknowledge();
        machine.set(tcfg::number, 1000 | one_shot);
        machine.clock.advance_ticks(1001);
        machine.set(tcfg::number, next);
        EXPECT_TRUE(estat::TI::get(machine.get(estat::number)));
    }
}

TEST(Lvz, TimerInterruptsTheGuestInTheGuest) {
    TimerMachine machine;
    constexpr std::uint64_t vectors = guest_base + 0x1000;
    machine.set_guest(EENTRY, vectors).set_guest(ecfg::number, estat::TI::mask);
    machine.set_guest(crmd::number, crmd::DA::mask | crmd::IE::mask);
    Program guest{guest_base};
    guest.set_csr(tcfg::number, 1000 | one_shot);
    const auto here = guest.bound();
    guest.b(here).pad_to(vectors).csrrd(s0, estat::number).set_csr(TICLR, 1);
    guest.csrrd(s1, estat::number).op(Insn::hvcl, {.imm = 2});
    machine.load_guest(guest);
    machine.step_guest(guest_base, 11 + 40);
    EXPECT_TRUE(machine.cpu().in_guest());
    machine.clock.advance_ticks(1000);
    machine.step(11 + 10);
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.finish_exit().reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(s0), estat::TI::mask);
    EXPECT_EQ(machine.gpr(s1), 0u);
}

TEST(Lvz, GuestTimerComesThoughRootsExpiredBefore) {
    // On the host's clock: the later of the two timers of a CPU must not be forgotten.
    for (const bool root_first : {false, true}) {
        TimerMachine machine;
        constexpr std::uint64_t vectors = guest_base + 0x1000;
        machine.set_guest(EENTRY, vectors).set_guest(ecfg::number, estat::TI::mask);
        machine.set_guest(crmd::number, crmd::DA::mask | crmd::IE::mask);
        Program guest{guest_base};
        const auto here = guest.bound();
        guest.b(here).pad_to(vectors).op(Insn::hvcl, {.imm = 2});
        machine.load_guest(guest);
        machine.clock.follow_host();
        const std::uint64_t early = 100'000 | one_shot;  // 1 ms
        const std::uint64_t late = 1'000'000 | one_shot;
        machine.set(ecfg::number, root_first ? 0 : std::uint64_t{estat::TI::mask});
        // The earlier one first: the host may let us wait between the two.
        if (root_first) machine.set(tcfg::number, early);
        machine.set_guest(tcfg::number, root_first ? late : early);
        if (!root_first) machine.set(tcfg::number, late);
        if (!root_first) machine.set_guest(ecfg::number, 0);
        const GuestExit exit = machine.run_guest(guest_base);
        EXPECT_EQ(exit.reason, root_first ? Exception::HVC : Exception::INT);
        EXPECT_TRUE(machine.pending());
    }
}

TEST(Lvz, GuestTimerExpiresWhileRootIdles) {
    TimerMachine machine;
    machine.clock.follow_host();
    machine.arm(100'000, periodic);
    const std::uint64_t before = machine.now();
    machine.set(ecfg::number, estat::TI::mask).set(tcfg::number, 500'000 | one_shot);
    machine.root(Insn::idle);
    EXPECT_GE(machine.now() - before, 500'000u);
    EXPECT_TRUE(estat::TI::get(machine.get(estat::number)));
    EXPECT_TRUE(machine.pending());
}

TEST(Lvz, IdleOfTheGuestWithAnArmedTimer) {
    // As the kernel's arch_timer self-test: interrupts off, armed, idle; then TI must be there.
    TimerMachine machine;
    Program guest{guest_base};
    guest.set_csr(tcfg::number, 1000 | one_shot).op(Insn::idle);
    guest.csrrd(a0, estat::number).op(Insn::hvcl);
    const GuestExit exit = machine.run_guest(guest);
    EXPECT_EQ(exit.reason, Exception::GSPR);
    EXPECT_EQ(exit.word, la::encode(Insn::idle));
    const TimerMachine::Saved saved = machine.save();
    machine.clock.advance_ticks(saved.expire - machine.now());
    machine.restore(saved);
    EXPECT_EQ(machine.run_guest(exit.pc + 4).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), estat::TI::mask);
}

TEST(Lvz, Row23ExchangeOfEstatNeverLosesTheTimerInterrupt) {
    TimerMachine machine;
    for (const std::uint64_t mode : {one_shot, periodic}) {
        machine.arm(1000, mode);
        for (std::uint64_t tick = 0; tick < 1100; tick += 50) {
            const std::uint64_t before = machine.left();
            machine.change_guest(estat::number, tick, estat::SWI::mask);
            const std::uint64_t after = machine.left();
            // KVM's test: a count that went up says that the timer fired.
            EXPECT_TRUE(after <= before || machine.pending());
            EXPECT_EQ(machine.pending(), tick >= 1000) << tick;
            machine.clock.advance_ticks(50);
        }
        machine.acknowledge();
    }
}

TEST(Lvz, Row23CountGoesDownUntilTheInterruptIsThere) {
    TimerMachine machine;
    machine.arm(1000, periodic);
    std::uint64_t last = machine.left();
    for (unsigned step = 0; step < 500; ++step) {
        machine.clock.advance_ticks(7);
        const std::uint64_t count = machine.left();
        if (count > last) EXPECT_TRUE(machine.pending());
        if (machine.pending()) machine.acknowledge();
        EXPECT_LE(count, 1000u);
        last = count;
    }
}

TEST(Lvz, RestoreKeepsTheTimeOfExpiry) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(400);
    const TimerMachine::Saved saved = machine.save();
    machine.run_another_vcpu();  // 30 ticks
    machine.clock.advance_ticks(70);
    machine.restore(saved);
    EXPECT_EQ(machine.left(), 500u);
    EXPECT_FALSE(machine.pending());
    machine.clock.advance_ticks(499);
    EXPECT_FALSE(machine.pending());
    machine.clock.advance_ticks(1);
    EXPECT_TRUE(machine.pending());
}

TEST(Lvz, RestoreFiresWhatExpiredMeanwhile) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    const TimerMachine::Saved saved = machine.save();
    machine.run_another_vcpu();
    machine.clock.advance_ticks(5000);
    machine.restore(saved);
    EXPECT_TRUE(machine.pending());
    machine.acknowledge();
    machine.clock.advance_ticks(5000);
    EXPECT_FALSE(machine.pending());
    EXPECT_GT(machine.left(), machine.get_guest(tcfg::number));
}

TEST(Lvz, RestoreKeepsAPendingInterruptOnce) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(1200);
    const TimerMachine::Saved saved = machine.save();
    EXPECT_TRUE(estat::TI::get(saved.status));
    machine.run_another_vcpu();
    machine.restore(saved);
    EXPECT_TRUE(machine.pending());
    machine.acknowledge();
    machine.clock.advance_ticks(100'000);
    EXPECT_FALSE(machine.pending());
}

TEST(Lvz, RestoreOfAnAcknowledgedOneShotDoesNotFireAgain) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(1200);
    machine.acknowledge();
    for (unsigned i = 0; i < 3; ++i) {
        const TimerMachine::Saved saved = machine.save();
        EXPECT_GT(saved.count, saved.config);
        machine.run_another_vcpu();
        machine.restore(saved);
        EXPECT_FALSE(machine.pending());
        EXPECT_GT(machine.left(), machine.get_guest(tcfg::number));
        machine.clock.advance_ticks(100'000);
        EXPECT_FALSE(machine.pending());
    }
}

TEST(Lvz, RestoreKeepsThePhaseOfAPeriodicTimer) {
    TimerMachine machine;
    machine.arm(1000, periodic);
    const std::uint64_t start = machine.now();
    machine.clock.advance_ticks(100);
    for (const std::uint64_t away : {200u, 2500u, 900u, 1370u}) {
        const TimerMachine::Saved saved = machine.save();
        const bool was_pending = machine.pending();
        const std::uint64_t fired = (machine.now() - start) / 1000;
        machine.run_another_vcpu();
        machine.clock.advance_ticks(away - 30);
        machine.restore(saved);
        EXPECT_EQ(machine.left(), 1000 - (machine.now() - start) % 1000) << away;
        EXPECT_EQ(machine.pending(), was_pending || (machine.now() - start) / 1000 > fired) << away;
        if (machine.pending()) machine.acknowledge();
    }
}

TEST(Lvz, RestoreOfAStoppedTimerKeepsItsCount) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.clock.advance_ticks(300);
    machine.set_guest(tcfg::number, 1000);
    const TimerMachine::Saved saved = machine.save();
    machine.run_another_vcpu();
    machine.restore(saved);
    EXPECT_EQ(machine.left(), 700u);
    machine.clock.advance_ticks(5000);
    EXPECT_EQ(machine.left(), 700u);
    EXPECT_FALSE(machine.pending());
}

TEST(Lvz, NoTickIsLostOrDoubledOverManySwitches) {
    // A guest that arms one-shots again and again, as a tickless kernel does: exactly one interrupt
    // each, never early, at most two ticks late (the wait of the restore).
    TimerMachine machine;
    std::mt19937 random{1};
    const auto up_to = [&](std::uint64_t most) { return random() % most + 1; };
    for (unsigned round = 0; round < 2000; ++round) {
        const std::uint64_t ticks = up_to(2000) * 4;
        const std::uint64_t due = machine.now() + ticks;
        machine.arm(ticks, one_shot);
        unsigned interrupts = 0;
        while (interrupts == 0 || up_to(4) != 1) {
            if (up_to(3) == 1) {
                const TimerMachine::Saved saved = machine.save();
                if (up_to(2) == 1) machine.run_another_vcpu();
                machine.clock.advance_ticks(up_to(3000));
                machine.restore(saved);
            } else {
                machine.clock.advance_ticks(up_to(700));
            }
            ASSERT_EQ(machine.pending(), interrupts == 0 && machine.now() >= due) << round;
            if (machine.pending()) {
                machine.acknowledge();
                ++interrupts;
            }
        }
        ASSERT_EQ(interrupts, 1u);
    }
}

TEST(Lvz, Row26GcntcIsAddedToTheGuestsCounter) {
    TimerMachine machine;
    Program guest{guest_base};
    guest.op(Insn::rdtime_d, {.rd = a0, .rj = a1}).op(Insn::rdtimel_w, {.rd = a2, .rj = a3});
    guest.op(Insn::rdtimeh_w, {.rd = a4, .rj = zero}).op(Insn::hvcl);
    machine.clock.advance_ticks(1234);
    machine.set_guest(TID, 5);
    for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{1000},
                                       std::uint64_t{0x7fffffff000}, 0 - std::uint64_t{1000}}) {
        machine.set(GCNTC, offset);
        EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
        const std::uint64_t expected = machine.now() + offset;
        EXPECT_EQ(machine.gpr(a0), expected);
        EXPECT_EQ(machine.gpr(a1), 5u);
        EXPECT_EQ(static_cast<std::uint32_t>(machine.gpr(a2)),
                  static_cast<std::uint32_t>(expected));
        EXPECT_EQ(static_cast<std::uint32_t>(machine.gpr(a4)), expected >> 32);
        machine.root(Insn::rdtime_d, {.rd = a0, .rj = a1});
        EXPECT_EQ(machine.gpr(a0), machine.now());
        EXPECT_EQ(machine.gpr(a1), 0u);
    }
    // To what root reads, together with the guest's own CNTC.
    machine.set(GCNTC, 100).set(CNTC, 7).set_guest(CNTC, 20);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), machine.now() + 127);
    machine.root(Insn::rdtime_d, {.rd = a0, .rj = zero});
    EXPECT_EQ(machine.gpr(a0), machine.now() + 7);
}

TEST(Lvz, CounterOffsetsDoNotTouchTheTimer) {
    TimerMachine machine;
    machine.arm(1000, one_shot);
    machine.set(GCNTC, 5'000'000).set_guest(CNTC, 77);
    EXPECT_EQ(machine.left(), 1000u);
    machine.clock.advance_ticks(999);
    EXPECT_FALSE(machine.pending());
}

}  // namespace
}  // namespace lkvm::test
