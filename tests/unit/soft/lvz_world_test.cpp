// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: entering and leaving the guest.
#include "tests/support/lvz_machine.hpp"

#include <array>
#include <cstdint>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t guest_base = LvzMachine::guest_base;

Program hypercall(std::int32_t code = 0, std::uint64_t base = guest_base) {
    Program guest{base};
    guest.op(Insn::hvcl, {.imm = code});
    return guest;
}

TEST(Lvz, Row05ErtnWithPvmEntersTheGuestAtEra) {
    LvzMachine machine;
    machine.load_guest(hypercall());
    machine.prepare_entry(guest_base);
    EXPECT_FALSE(crmd::IE::get(machine.get(crmd::number)));
    machine.root(Insn::ertn);
    EXPECT_TRUE(machine.cpu().in_guest());
    EXPECT_EQ(machine.cpu().pc, guest_base);
    // The guest's mode is its own: direct addressing after reset.
    EXPECT_EQ(machine.get(crmd::number), crmd::DA::mask);
    // The first fetch leaves it: by now root has the interrupt enable of its PRMD.
    machine.step(1);
    EXPECT_FALSE(machine.cpu().in_guest());
    const std::uint64_t previous = machine.get(tlbrprmd::number);
    EXPECT_TRUE(tlbrprmd::PIE::get(previous));
    EXPECT_TRUE(tlbrprmd::PGM::get(previous));
    EXPECT_EQ(tlbrprmd::PPLV::get(previous), 0u);
}

TEST(Lvz, Row05ErtnWithoutPvmStaysInRoot) {
    LvzMachine machine;
    machine.prepare_entry(LvzMachine::cached | LvzMachine::free_memory);
    machine.change(gstat::number, 0, gstat::PVM::mask);
    machine.root(Insn::ertn);
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.cpu().pc, LvzMachine::cached | LvzMachine::free_memory);
    EXPECT_TRUE(crmd::IE::get(machine.get(crmd::number)));
}

TEST(Lvz, ErtnFromRootsOwnRefillStaysInRootThoughPvmIsSet) {
    LvzMachine machine;
    machine.prepare_entry(guest_base);
    machine.set(tlbrera::number,
                tlbrera::IsTLBR::mask | LvzMachine::cached | LvzMachine::free_memory);
    machine.set(tlbrprmd::number, 0);
    machine.root(Insn::ertn);
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.cpu().pc, LvzMachine::cached | LvzMachine::free_memory);
    EXPECT_FALSE(tlbrera::IsTLBR::get(machine.get(tlbrera::number)));
    // The next one is an ordinary return, into the guest.
    machine.root(Insn::ertn);
    EXPECT_TRUE(machine.cpu().in_guest());
}

TEST(Lvz, ErtnFromARefillGoesToTheGuestByPgm) {
    LvzMachine machine;
    machine.prepare_entry(0x1000);
    machine.set(tlbrera::number, tlbrera::IsTLBR::mask | guest_base);
    machine.set(tlbrprmd::number, tlbrprmd::PGM::mask | tlbrprmd::PIE::mask);
    machine.change(gstat::number, 0, gstat::PVM::mask);
    machine.root(Insn::ertn);
    EXPECT_TRUE(machine.cpu().in_guest());
    EXPECT_EQ(machine.cpu().pc, guest_base);
}

TEST(Lvz, GuestErtnNeverChangesTheWorld) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.set_csr(ERA, guest_base + 0x100).set_csr(prmd::number, 3).op(Insn::ertn);
    guest.pad_to(guest_base + 0x100);
    // At PLV 3 now; a syscall comes back to PLV 0.
    guest.op(Insn::syscall);
    guest.pad_to(guest_base + 0x1000);
    guest.csrrd(a0, prmd::number);
    // A return from a refill: also in its own world, to paging with a direct window.
    guest.set_csr(dmw::number0, 1).set_csr(tlbrprmd::number, tlbrprmd::PGM::mask);
    guest.set_csr(tlbrera::number, (guest_base + 0x1100) | 1).op(Insn::ertn);
    guest.pad_to(guest_base + 0x1100);
    guest.csrrd(a1, crmd::number).csrrd(a2, tlbrprmd::number).op(Insn::hvcl);
    machine.set_guest(EENTRY, guest_base + 0x1000);
    const GuestExit exit = machine.run_guest(guest);
    EXPECT_EQ(exit.reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), 3u);
    EXPECT_EQ(machine.gpr(a1), crmd::PG::mask);
    EXPECT_EQ(machine.gpr(a2), 0u);  // the guest has no PGM
}

TEST(Lvz, Row09HvclLeavesWithItsCodeAndAddress) {
    LvzMachine machine;
    for (const std::int32_t code : {0, 0x100, 0x101, 0x7fff}) {
        Program guest{guest_base};
        guest.nop(3).op(Insn::hvcl, {.imm = code});
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, Exception::HVC);
        EXPECT_EQ(exit.pc, guest_base + 12);
        EXPECT_EQ(exit.word & 0x7fff, static_cast<std::uint32_t>(code));
        EXPECT_EQ(exit.word, la::encode(Insn::hvcl, {.imm = code}));
    }
}

TEST(Lvz, HvclOutsidePrivilegeLevel0IsTheGuestsOwnException) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.set_csr(ERA, guest_base + 0x100).set_csr(prmd::number, 3).op(Insn::ertn);
    guest.pad_to(guest_base + 0x100).op(Insn::hvcl, {.imm = 5});
    guest.pad_to(guest_base + 0x1000).csrrd(a0, estat::number).csrrd(a1, ERA).op(Insn::hvcl);
    machine.set_guest(EENTRY, guest_base + 0x1000);
    EXPECT_EQ(machine.run_guest(guest).word, la::encode(Insn::hvcl));
    EXPECT_EQ(estat::Ecode::get(machine.gpr(a0)), ecode(Exception::IPE));
    EXPECT_EQ(machine.gpr(a1), guest_base + 0x100);
}

TEST(Lvz, HvclInRootDoesNotExist) {
    LvzMachine machine;
    machine.root(Insn::hvcl);
    EXPECT_EQ(estat::Ecode::get(machine.get(estat::number)), ecode(Exception::INE));
}

TEST(Lvz, Row11ExitMasksInterruptsAndKeepsEveryRegister) {
    LvzMachine machine;
    machine.load_guest(hypercall());
    std::array<std::uint64_t, 32> before{};
    for (std::uint8_t number = 1; number < 32; ++number) {
        machine.gpr(number) = before[number] = 0x1111111111111111U * number;
    }
    machine.set(ecfg::number, ecfg::LIE::put(0, 0x1800));
    machine.set(euen::number, euen::FPE::mask);
    machine.set(gintc::number, 0x100);
    const GuestExit exit = machine.run_guest(guest_base);
    EXPECT_EQ(exit.reason, Exception::HVC);
    for (std::uint8_t number = 0; number < 32; ++number) {
        EXPECT_EQ(machine.gpr(number), before[number]) << unsigned{number};
    }
    EXPECT_EQ(machine.get(crmd::number), crmd::PG::mask);
    EXPECT_EQ(machine.get(prmd::number), prmd::PIE::mask);  // what root had while the guest ran
    EXPECT_EQ(machine.get(ecfg::number), ecfg::LIE::put(0, 0x1800));
    EXPECT_EQ(machine.get(euen::number), euen::FPE::mask);
    EXPECT_EQ(machine.get(gintc::number), 0x100u);
}

TEST(Lvz, ExitsDoNotTouchTheGuestsRegisters) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.csrrd(a0, IMPCTL1);
    const auto fill = [&] {
        machine.set_guest(ERA, 0x1234).set_guest(prmd::number, 7).set_guest(BADV, 0x5678);
        machine.set_guest(BADI, 0x9abc).set_guest(TLBRBADV, 0xdef0).set_guest(EENTRY, 0x3000);
        machine.set_guest(estat::number, estat::Ecode::put(0, 0xb))
            .set_guest(tlbehi::number, 0x8000);
        machine.set_guest(crmd::number, crmd::DA::mask | crmd::IE::mask);
        machine.set_guest(tlbrehi::number, 0x6000).set_guest(tlbrprmd::number, 3);
    };
    const auto check = [&] {
        EXPECT_EQ(machine.get_guest(ERA), 0x1234u);
        EXPECT_EQ(machine.get_guest(prmd::number), 7u);
        EXPECT_EQ(machine.get_guest(BADV), 0x5678u);
        EXPECT_EQ(machine.get_guest(BADI), 0x9abcu);
        EXPECT_EQ(machine.get_guest(TLBRBADV), 0xdef0u);
        EXPECT_EQ(machine.get_guest(EENTRY), 0x3000u);
        EXPECT_EQ(machine.get_guest(estat::number), estat::Ecode::put(0, 0xb));
        EXPECT_EQ(machine.get_guest(tlbehi::number), 0x8000u);
        EXPECT_EQ(machine.get_guest(crmd::number), crmd::DA::mask | crmd::IE::mask);
        EXPECT_EQ(machine.get_guest(tlbrehi::number), 0x6000u);
        EXPECT_EQ(machine.get_guest(tlbrprmd::number), 3u);
        EXPECT_EQ(machine.get_guest(tlbrera::number), 0u);
    };
    fill();
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::GSPR);
    check();
    // A page that is not there in stage 2, in fetch and in load, stopped in the refill and after.
    EXPECT_EQ(machine.run_guest(LvzMachine::guest_hole).reason, Exception::PIF);
    check();
    machine.stop_at_refills(true);
    EXPECT_EQ(machine.run_guest(LvzMachine::guest_hole + 0x4000).reason, Exception::TLBR);
    check();
}

TEST(Lvz, Row12ScratchRegistersOfBothWorldsAreSeparate) {
    LvzMachine machine;
    for (unsigned i = 0; i < 7; ++i)
        machine.set(SAVE0 + i, 0xa0 + i).set_guest(SAVE0 + i, 0xb0 + i);
    machine.set(TLBRSAVE, 0xc0);
    Program guest{guest_base};
    for (unsigned i = 0; i < 8; ++i) guest.set_csr(SAVE0 + i, 0xd0 + i);
    guest.set_csr(TLBRSAVE, 0xe0);
    guest.csrrd(a0, SAVE0 + 4).op(Insn::hvcl);
    machine.set_guest(SAVE0 + 4, 0xb4);
    machine.stop_at_refills(false);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), 0xd4u);
    for (unsigned i = 0; i < 7; ++i) {
        EXPECT_EQ(machine.get(SAVE0 + i), 0xa0 + i);
        EXPECT_EQ(machine.get_guest(SAVE0 + i), 0xd0 + i);
    }
    EXPECT_EQ(machine.get_guest(TLBRSAVE), 0xe0u);
}

TEST(Lvz, EverythingOfASwitchAsInstructionsOfRoot) {
    // Root's side of kvm_switch_to_guest and kvm_exc_entry as a program: it counts three
    // hypercalls, skips each and then stops.
    LvzMachine machine;
    constexpr std::uint64_t handler = LvzMachine::free_memory + 0x1000;
    Program host{LvzMachine::free_memory};
    host.set_csr(EENTRY, LvzMachine::cached | handler);
    host.set_csr(ERA, guest_base).set_csr(PGDL, machine.stage2.root());
    host.csrrd(t0, gstat::number).op(Insn::bstrpick_d, {.rd = t0, .rj = t0, .ra = 23, .imm = 16});
    host.csrrd(t1, gtlbc::number);
    host.op(Insn::bstrins_d, {.rd = t1, .rj = t0, .ra = 23, .imm = 16});
    host.csrwr(t1, gtlbc::number);
    host.li(t0, prmd::PIE::mask).csrwr(t0, prmd::number);
    host.li(t0, gstat::PVM::mask).csrxchg(t0, t0, gstat::number);
    host.li(a0, 5).li(a2, 0x22).op(Insn::ertn);
    Program leave{handler};
    leave.csrwr(a2, SAVE0 + 5)
        .csrrd(a2, SAVE0 + 4)
        .op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = 1});
    leave.csrwr(a2, SAVE0 + 4).csrrd(a2, SAVE0 + 4).li(s1, 3);
    const auto done = leave.label();
    leave.branch(Insn::beq, {.rd = s1, .rj = a2}, done);
    leave.csrrd(a2, ERA).op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = 4}).csrwr(a2, ERA);
    leave.csrrd(a2, SAVE0 + 5).op(Insn::ertn);
    leave.bind(done).csrrd(a2, SAVE0 + 5);
    leave.li(t1, gstat::PVM::mask).csrxchg(zero, t1, gstat::number);
    leave.stop(LvzMachine::uncached | LvzMachine::stop_address);
    Program guest{guest_base};
    guest.li(a1, 0x11).op(Insn::hvcl).op(Insn::add_d, {.rd = a0, .rj = a0, .rk = a1});
    guest.op(Insn::hvcl).op(Insn::add_d, {.rd = a0, .rj = a0, .rk = a2}).op(Insn::hvcl);
    machine.load(host);
    machine.load(leave);
    machine.load_guest(guest);
    machine.run(LvzMachine::cached | host.base());
    EXPECT_EQ(machine.gpr(a0), 5u + 0x11 + 0x22);
    EXPECT_EQ(machine.gpr(a2), 0x22u);
    EXPECT_EQ(machine.get(SAVE0 + 4), 3u);
    EXPECT_FALSE(gstat::PVM::get(machine.get(gstat::number)));
    EXPECT_EQ(gtlbc::TGID::get(machine.get(gtlbc::number)), 1u);
}

TEST(Lvz, Row33OrdinaryExceptionsOfTheGuestStayThere) {
    LvzMachine machine;
    machine.set_guest(EENTRY, guest_base + 0x1000);
    machine.set_guest(misc::number, misc::ALCL::mask);
    struct Case {
        Exception exception;
        std::uint32_t word;
        bool has_address = false;
    };
    const std::array cases = {
        Case{Exception::SYS, la::encode(Insn::syscall, {.imm = 1})},
        Case{Exception::BRK, la::encode(Insn::break_, {.imm = 7})},
        Case{Exception::INE, 0xffffffff},
        Case{Exception::INE, 0},
        Case{Exception::INE, la::encode(Insn::gcsrrd, {.rd = a1})},
        Case{Exception::INE, la::encode(Insn::gcsrwr, {.rd = a1})},
        Case{Exception::INE, la::encode(Insn::gcsrxchg, {.rd = a1, .rj = a2})},
        Case{Exception::INE, la::encode(Insn::gtlbclr)},
        Case{Exception::INE, la::encode(Insn::gtlbflush)},
        Case{Exception::INE, la::encode(Insn::gtlbsrch)},
        Case{Exception::INE, la::encode(Insn::gtlbrd)},
        Case{Exception::INE, la::encode(Insn::gtlbwr)},
        Case{Exception::INE, la::encode(Insn::gtlbfill)},
        Case{Exception::INE, la::encode(Insn::invtlb, {.imm = 7})},
        Case{Exception::INE, la::encode(Insn::invtlb, {.imm = 9})},
        Case{Exception::INE, la::encode(Insn::invtlb, {.imm = 0x12})},
        Case{Exception::INE, la::encode(Insn::invtlb, {.imm = 0x16})},
        Case{Exception::ALE, la::encode(Insn::ld_d, {.rd = a1, .rj = a0, .imm = 1}), true},
        Case{Exception::ALE, la::encode(Insn::amadd_d, {.rd = a1, .rj = a3, .rk = a2}), true},
        Case{Exception::FPD, la::encode(Insn::fadd_d, {.rd = 1, .rj = 2, .rk = 3})},
        Case{Exception::SXD, la::encode(Insn::vadd_b, {.rd = 1, .rj = 2, .rk = 3})},
        Case{Exception::ASXD, la::encode(Insn::xvadd_b, {.rd = 1, .rj = 2, .rk = 3})},
        Case{Exception::BCE, la::encode(Insn::asrtgt_d, {.rj = a0, .rk = a0}), true},
    };
    for (const Case& one : cases) {
        machine.gpr(a0) = guest_base + 0x2000;
        machine.gpr(a3) = guest_base + 0x2004;
        machine.set_guest(estat::number, 0).set_guest(BADV, 0);
        Program guest{guest_base};
        guest.nop(2).word(one.word);
        guest.pad_to(guest_base + 0x1000).csrrd(s0, estat::number).csrrd(s1, ERA);
        guest.csrrd(s2, BADI).csrrd(s3, BADV).csrrd(s4, prmd::number).op(Insn::hvcl);
        machine.set_guest(crmd::number, crmd::DA::mask);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, Exception::HVC) << std::hex << one.word;
        EXPECT_EQ(estat::Ecode::get(machine.gpr(s0)), ecode(one.exception)) << std::hex << one.word;
        EXPECT_EQ(machine.gpr(s1), guest_base + 8);
        EXPECT_EQ(static_cast<std::uint32_t>(machine.gpr(s2)), one.word);
        EXPECT_EQ(machine.gpr(s3) != 0, one.has_address) << std::hex << one.word;
    }
}

TEST(Lvz, Row33FetchErrorsOfTheGuestStayThere) {
    LvzMachine machine;
    machine.set_guest(EENTRY, guest_base + 0x1000);
    Program guest{guest_base};
    guest.pad_to(guest_base + 0x1000).csrrd(s0, estat::number).csrrd(s3, BADV).op(Insn::hvcl);
    machine.load_guest(guest);
    EXPECT_EQ(machine.run_guest(guest_base + 2).reason, Exception::HVC);
    EXPECT_EQ(estat::Ecode::get(machine.gpr(s0)), ecode(Exception::ADEF));
    EXPECT_EQ(machine.gpr(s3), guest_base + 2);
}

TEST(Lvz, CountersTellGuestInstructionsFromRoots) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.nop(10).li(a0, 100);
    const auto loop = guest.bound();
    guest.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    guest.branch(Insn::bnez, {.rj = a0}, loop).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.cpu().guest_instructions(), 10u + 1 + 200);
    // Once more: what traps is not executed, and root's own instructions do not count.
    const std::uint64_t all = machine.cpu().instructions;
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    EXPECT_EQ(machine.cpu().guest_instructions(), 2u * 211);
    EXPECT_GT(machine.cpu().instructions - all, 211u);
    EXPECT_LT(machine.cpu().instructions - all, 211u + 20);
}

TEST(Lvz, MarkersTellTheCountsOfBothWorlds) {
    LvzMachine machine;
    std::vector<la::Cpu::Marker> seen;
    machine.cpu().set_marker_sink(
        [](void* context, const la::Cpu&, const la::Cpu::Marker& marker) {
            static_cast<std::vector<la::Cpu::Marker>*>(context)->push_back(marker);
        },
        &seen);
    Program guest{guest_base};
    guest.op(Insn::andi, {.imm = 1}).nop(7).op(Insn::andi, {.imm = 0xfff}).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    ASSERT_EQ(seen.size(), 2u);
    EXPECT_EQ(seen[0].number, 1u);
    EXPECT_EQ(seen[0].guest_instructions, 0u);
    EXPECT_EQ(seen[1].number, 0xfffu);
    EXPECT_EQ(seen[1].guest_instructions, 8u);
    EXPECT_EQ(seen[1].instructions - seen[0].instructions, 8u);
    // Between them now: hvcl, root's few instructions, and the way back in.
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    ASSERT_EQ(seen.size(), 4u);
    EXPECT_EQ(seen[2].guest_instructions - seen[1].guest_instructions, 1u);
    EXPECT_GT(seen[2].instructions - seen[1].instructions, 1u);
}

}  // namespace
}  // namespace lkvm::test
