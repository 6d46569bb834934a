// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: interrupts of root and of the guest.
#include <cstdint>

#include <gtest/gtest.h>

#include "tests/support/lvz_paging_guest.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t guest_base = LvzMachine::guest_base;
constexpr std::uint64_t vectors = guest_base + 0x1000;
constexpr unsigned hwi0 = 2;
constexpr unsigned ipi = 12;
constexpr std::uint64_t all_lines = 0x1fff;

/// Eight instructions, then hypercall 1. The handler counts nothing: hypercall 2, ESTAT in s0 and
/// ERA in s1.
class InterruptGuest : public LvzMachine {
public:
    InterruptGuest() {
        Program guest{guest_base};
        guest.nop(8).op(Insn::hvcl, {.imm = 1}).pad_to(vectors);
        guest.csrrd(s0, estat::number).csrrd(s1, ERA).op(Insn::hvcl, {.imm = 2});
        load_guest(guest);
        set_guest(EENTRY, vectors).set_guest(ecfg::number, all_lines);
    }
    /// 1: no interrupt, 2: the guest's handler, 0: something else.
    unsigned outcome(std::uint64_t pc = guest_base) {
        const GuestExit exit = run_guest(pc);
        return exit.reason == Exception::HVC ? exit.word & 0x7fff : 0;
    }
    void guest_interrupts(bool enabled) {
        set_guest(crmd::number, crmd::IE::put(crmd::DA::mask, enabled));
    }
};

TEST(Lvz, Row10InterruptOfRootLeavesTheGuestAndStaysAsserted) {
    LvzMachine machine;
    machine.set(ecfg::number, all_lines).set(estat::number, 0);
    Program guest{guest_base};
    guest.nop(4).op(Insn::hvcl);
    machine.load_guest(guest);
    for (const bool guest_enabled : {false, true}) {
        machine.set_guest(crmd::number, crmd::IE::put(crmd::DA::mask, guest_enabled));
        machine.cpu().set_line(ipi, true);
        const GuestExit exit = machine.run_guest(guest_base);
        EXPECT_EQ(exit.reason, Exception::INT);
        EXPECT_EQ(exit.pc, guest_base);
        EXPECT_EQ(estat::IS::get(machine.get(estat::number)), 1u << ipi);
        machine.cpu().set_line(ipi, false);
        EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC);
    }
}

TEST(Lvz, Row10InterruptComesWhileTheGuestRuns) {
    LvzMachine machine;
    machine.set(ecfg::number, 1u << ipi);
    Program guest{guest_base};
    const auto here = guest.bound();
    guest.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(here);
    machine.load_guest(guest);
    machine.gpr(a0) = 0;
    std::thread kicker{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        machine.cpu().set_line(ipi, true);
    }};
    const GuestExit exit = machine.run_guest(guest_base);
    kicker.join();
    EXPECT_EQ(exit.reason, Exception::INT);
    EXPECT_GT(machine.gpr(a0), 1000u);
    EXPECT_EQ(exit.pc & ~std::uint64_t{4}, guest_base);
}

TEST(Lvz, InterruptsOfRootNeedPieAndLie) {
    InterruptGuest machine;
    machine.guest_interrupts(false);
    machine.set(ecfg::number, all_lines & ~(1u << ipi));
    machine.cpu().set_line(ipi, true);
    EXPECT_EQ(machine.outcome(), 1u);
    machine.set(ecfg::number, all_lines);
    machine.prepare_entry(guest_base);
    machine.set(prmd::number, 0);
    machine.root(Insn::ertn);
    machine.step(40);
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.finish_exit().reason, Exception::HVC);
    EXPECT_EQ(machine.outcome(), 0u);
}

TEST(Lvz, RootsInterruptComesBeforeTheGuests) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.set(ecfg::number, all_lines).set(gintc::number, gintc::VIP::put(0, 0x80));
    machine.cpu().set_line(ipi, true);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::INT);
    EXPECT_EQ(machine.get_guest(ERA), 0u);
    EXPECT_TRUE(crmd::IE::get(machine.get_guest(crmd::number)));
    machine.cpu().set_line(ipi, false);
    EXPECT_EQ(machine.outcome(), 2u);
}

TEST(Lvz, MaskedInterruptOfRootDoesNotHoldUpTheGuests) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.set(ecfg::number, 0).set(gintc::number, gintc::VIP::put(0, 1));
    machine.cpu().set_line(ipi, true);
    EXPECT_EQ(machine.outcome(), 2u);
    EXPECT_EQ(machine.gpr(s1), guest_base);
}

TEST(Lvz, PhysicalIpisNeverReachTheGuest) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.set(gintc::number, UINT64_MAX & ~gintc::VIP::mask);
    machine.cpu().set_line(ipi, true);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
    EXPECT_EQ(machine.outcome(), 1u);
}

TEST(Lvz, Row22RootSetsAndClearsTheGuestsLatchedBits) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    constexpr std::uint64_t latched = 0x7c03;  // SWI0, SWI1, PCOV, TI, IPI, NMI, AVEC
    machine.change_guest(estat::number, UINT64_MAX, latched);
    EXPECT_EQ(machine.get_guest(estat::number), latched);
    machine.change_guest(estat::number, 0, latched);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
    for (const unsigned bit : {0u, 1u, 10u, 11u, 12u}) {
        // As KVM: gcsrxchg with value = mask, then with value = ~mask.
        machine.gpr(a0) = machine.gpr(a1) = std::uint64_t{1} << bit;
        machine.root(Insn::gcsrxchg, {.rd = a0, .rj = a1, .imm = estat::number});
        EXPECT_EQ(machine.gpr(a0), 0u);
        machine.guest_interrupts(true);
        EXPECT_EQ(machine.outcome(), 2u) << bit;
        EXPECT_EQ(estat::IS::get(machine.gpr(s0)), 1u << bit);
        machine.gpr(a0) = ~(std::uint64_t{1} << bit);
        machine.root(Insn::gcsrxchg, {.rd = a0, .rj = a1, .imm = estat::number});
        machine.guest_interrupts(true);
        EXPECT_EQ(machine.outcome(), 1u) << bit;
    }
}

TEST(Lvz, Row22HardwareLinesAreComputedAndNeverLatched) {
    InterruptGuest machine;
    machine.set_guest(estat::number, estat::HWI::mask);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
    machine.set(gintc::number, gintc::VIP::put(0, 0x5a));
    EXPECT_EQ(estat::HWI::get(machine.get_guest(estat::number)), 0x5au);
    // A restored ESTAT does not keep them once the line is lowered.
    machine.set_guest(estat::number, machine.get_guest(estat::number) | 1);
    machine.set(gintc::number, 0);
    EXPECT_EQ(machine.get_guest(estat::number), 1u);
    // Root's own ESTAT knows nothing of it.
    machine.set(gintc::number, gintc::VIP::put(0, 0xff));
    EXPECT_EQ(estat::HWI::get(machine.get(estat::number)), 0u);
}

TEST(Lvz, Row22GuestClearsItsOwnSoftwareInterrupts) {
    InterruptGuest machine;
    machine.change_guest(estat::number, 1, 1);
    Program guest{guest_base};
    guest.li(a0, 1).csrxchg(zero, a0, estat::number).csrrd(a1, estat::number).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0u);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
}

TEST(Lvz, ExceptionCodesOfTheGuestSurviveARestoreOfItsInterrupts) {
    LvzMachine machine;
    const std::uint64_t value = estat::EsubCode::put(estat::Ecode::put(0x1003, 0x12), 1);
    machine.set_guest(estat::number, value);
    EXPECT_EQ(machine.get_guest(estat::number), value);
    machine.change_guest(estat::number, 0, 1);
    EXPECT_EQ(machine.get_guest(estat::number), value & ~std::uint64_t{1});
}

TEST(Lvz, Row24VirtualLinesAreReadModifyWriteAndLevel) {
    InterruptGuest machine;
    machine.change(gintc::number, 0x04, 0x04);
    machine.change(gintc::number, 0x20, 0x20);
    EXPECT_EQ(machine.get(gintc::number), 0x24u);
    machine.change(gintc::number, 0, 0x04);
    EXPECT_EQ(machine.get(gintc::number), 0x20u);
    // Taken again and again until root lowers the line.
    for (unsigned i = 0; i < 3; ++i) {
        machine.guest_interrupts(true);
        EXPECT_EQ(machine.outcome(), 2u);
        EXPECT_EQ(machine.get(gintc::number), 0x20u);
    }
    machine.change(gintc::number, 0, 0x20);
    machine.guest_interrupts(true);
    EXPECT_EQ(machine.outcome(), 1u);
    // All its fields are stored.
    machine.set(gintc::number, UINT64_MAX);
    EXPECT_EQ(machine.get(gintc::number), 0xffffffu);
}

TEST(Lvz, Row25PendingInterruptsAreTakenOnEntry) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.set(gintc::number, gintc::VIP::put(0, 2));
    const GuestExit exit = machine.run_guest(guest_base + 8);
    EXPECT_EQ(exit.word & 0x7fff, 2u);
    EXPECT_EQ(machine.gpr(s1), guest_base + 8);  // not one instruction ran
    EXPECT_EQ(estat::IS::get(machine.gpr(s0)), 2u << hwi0);
    EXPECT_EQ(estat::Ecode::get(machine.gpr(s0)), 0u);
    EXPECT_FALSE(crmd::IE::get(machine.get_guest(crmd::number)));
    EXPECT_TRUE(prmd::PIE::get(machine.get_guest(prmd::number)));
}

TEST(Lvz, Row25AlsoAfterARefill) {
    // The line rises while root refills for the guest.
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.stop_at_refills(true);
    const GuestExit miss = machine.run_guest(guest_base);
    EXPECT_EQ(miss.reason, Exception::TLBR);
    machine.set(gintc::number, gintc::VIP::put(0, 1));
    machine.stop_at_refills(false);
    EXPECT_EQ(machine.outcome(miss.pc), 2u);
}

TEST(Lvz, InterruptIsTakenWhenTheGuestEnablesIt) {
    InterruptGuest machine;
    machine.set(gintc::number, gintc::VIP::put(0, 1));
    struct Case {
        const char* what;
        unsigned kind;
    };
    for (const Case& one : {Case{"csrxchg CRMD", 0}, Case{"csrwr ECFG", 1}, Case{"ertn", 2},
                            Case{"csrwr ESTAT", 3}}) {
        Program guest{guest_base};
        guest.nop();
        machine.set_guest(ecfg::number, all_lines);
        machine.guest_interrupts(one.kind == 1 || one.kind == 3);
        machine.set(gintc::number, gintc::VIP::put(0, one.kind == 3 ? 0 : 1));
        if (one.kind == 0) guest.li(a0, crmd::IE::mask).csrxchg(a0, a0, crmd::number);
        if (one.kind == 1) {
            machine.set_guest(ecfg::number, 0);
            guest.set_csr(ecfg::number, all_lines);
        }
        if (one.kind == 2) {
            guest.set_csr(prmd::number, prmd::PIE::mask).set_csr(ERA, guest_base + 0x100);
            guest.op(Insn::ertn).pad_to(guest_base + 0x100);
        }
        if (one.kind == 3) guest.set_csr(estat::number, 1);
        const std::uint64_t next = guest.here();
        guest.nop(2).op(Insn::hvcl, {.imm = 1});
        machine.load_guest(guest);
        EXPECT_EQ(machine.outcome(), 2u) << one.what;
        EXPECT_EQ(machine.gpr(s1), next) << one.what;
        machine.set_guest(estat::number, 0);
    }
}

TEST(Lvz, GuestUsesItsOwnVectorSpacing) {
    LvzMachine machine;
    machine.set_guest(EENTRY, vectors).set_guest(crmd::number, crmd::DA::mask | crmd::IE::mask);
    machine.set_guest(ecfg::number, ecfg::VS::put(all_lines, 1));
    machine.set(gintc::number, gintc::VIP::put(0, 0x11));
    machine.change_guest(estat::number, UINT64_MAX, 2);
    Program guest{guest_base};
    // The highest line wins: HWI4, number 6; 8 bytes per vector.
    guest.pad_to(vectors + (64 + 6) * 8).op(Insn::hvcl, {.imm = 6});
    EXPECT_EQ(machine.run_guest(guest).word & 0x7fff, 6u);
}

TEST(Lvz, PipPassesPhysicalLinesThrough) {
    InterruptGuest machine;
    machine.guest_interrupts(true);
    machine.cpu().set_line(hwi0 + 3, true);
    EXPECT_EQ(machine.outcome(), 1u);
    machine.set(gintc::number, gintc::PIP::put(0, 1u << 2));  // another one
    EXPECT_EQ(machine.outcome(), 1u);
    machine.set(gintc::number, gintc::PIP::put(0, 1u << 3));
    EXPECT_EQ(estat::HWI::get(machine.get_guest(estat::number)), 1u << 3);
    EXPECT_EQ(machine.outcome(), 2u);
    EXPECT_EQ(estat::IS::get(machine.gpr(s0)), 1u << (hwi0 + 3));
    machine.cpu().set_line(hwi0 + 3, false);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
    machine.guest_interrupts(true);
    EXPECT_EQ(machine.outcome(), 1u);
    // Virtual and physical lines are ORed.
    machine.set(gintc::number, gintc::VIP::put(gintc::PIP::put(0, 0xff), 1));
    machine.cpu().set_line(hwi0 + 1, true);
    EXPECT_EQ(estat::HWI::get(machine.get_guest(estat::number)), 3u);
}

TEST(Lvz, LinePassedThroughInterruptsTheRunningGuest) {
    LvzMachine machine;
    machine.set_guest(EENTRY, vectors).set_guest(ecfg::number, all_lines);
    machine.set_guest(crmd::number, crmd::DA::mask | crmd::IE::mask);
    machine.set(gintc::number, gintc::PIP::mask);
    Program guest{guest_base};
    const auto here = guest.bound();
    guest.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(here);
    guest.pad_to(vectors).csrrd(s0, estat::number).op(Insn::hvcl, {.imm = 2});
    machine.load_guest(guest);
    std::thread kicker{[&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
        machine.cpu().set_line(hwi0, true);
    }};
    const GuestExit exit = machine.run_guest(guest_base);
    kicker.join();
    EXPECT_EQ(exit.word & 0x7fff, 2u);
    EXPECT_EQ(estat::IS::get(machine.gpr(s0)), 1u << hwi0);
}

TEST(Lvz, GuestHandlesInterruptsAtUserLevelToo) {
    PagingGuest machine;
    machine.set_guest(ecfg::number, all_lines);
    machine.set(gintc::number, gintc::VIP::put(0, 1));
    Program user{PagingGuest::user_code};
    user.nop(2).op(Insn::syscall);
    machine.load_guest(user);
    machine.set_guest(crmd::number, crmd::PG::mask | crmd::IE::mask | 3);
    EXPECT_EQ(machine.run_guest(user.base()).reason, Exception::HVC);
    EXPECT_EQ(machine.guest_fault(), Exception::INT);
    EXPECT_EQ(machine.gpr(s1), user.base());
    EXPECT_EQ(prmd::PPLV::get(machine.get_guest(prmd::number)), 3u);
}

}  // namespace
}  // namespace lkvm::test
