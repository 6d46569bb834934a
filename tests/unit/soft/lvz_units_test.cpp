// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: floating-point and vector units shared by both worlds, load-linked
// state of each.
#include <array>
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
constexpr std::uint64_t data = PagingGuest::data;
constexpr std::uint64_t data_memory = PagingGuest::data_memory;

struct Unit {
    std::uint64_t enable;
    Exception disabled;
    std::uint32_t word;
};
const std::array units = {
    Unit{euen::FPE::mask, Exception::FPD, la::encode(Insn::fadd_d, {.rd = 1, .rj = 2, .rk = 3})},
    Unit{euen::FPE::mask, Exception::FPD, la::encode(Insn::movgr2fr_d, {.rd = 1, .rj = a0})},
    Unit{euen::FPE::mask, Exception::FPD, la::encode(Insn::fld_d, {.rd = 1, .rj = a0})},
    Unit{euen::SXE::mask, Exception::SXD, la::encode(Insn::vadd_b, {.rd = 1, .rj = 2, .rk = 3})},
    Unit{euen::SXE::mask, Exception::SXD, la::encode(Insn::vst, {.rd = 1, .rj = a0})},
    Unit{euen::ASXE::mask, Exception::ASXD, la::encode(Insn::xvadd_b, {.rd = 1, .rj = 2, .rk = 3})},
};

TEST(Lvz, Row20UnitThatRootTurnedOffLeavesTheGuest) {
    LvzMachine machine;
    for (const Unit& unit : units) {
        machine.gpr(a0) = data;
        machine.set(euen::number, euen::writable & ~unit.enable);
        machine.set_guest(euen::number, euen::writable);
        Program guest{guest_base};
        guest.nop().word(unit.word).op(Insn::hvcl);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, unit.disabled) << std::hex << unit.word;
        EXPECT_EQ(exit.pc, guest_base + 4);
        EXPECT_EQ(exit.word, unit.word);
        // Turned on it goes on from there.
        machine.set(euen::number, euen::writable);
        EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC) << std::hex << unit.word;
    }
}

TEST(Lvz, Row20UnitThatTheGuestTurnedOffIsItsOwnException) {
    LvzMachine machine;
    machine.set_guest(EENTRY, guest_base + 0x1000);
    for (const bool root_too : {false, true}) {
        for (const Unit& unit : units) {
            machine.set(euen::number, root_too ? 0 : euen::writable);
            machine.set_guest(euen::number, euen::writable & ~unit.enable);
            machine.set_guest(crmd::number, crmd::DA::mask);
            Program guest{guest_base};
            guest.word(unit.word).pad_to(guest_base + 0x1000);
            guest.csrrd(a1, estat::number).op(Insn::hvcl);
            machine.gpr(a0) = data;
            EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC) << std::hex << unit.word;
            EXPECT_EQ(estat::Ecode::get(machine.gpr(a1)), ecode(unit.disabled));
        }
    }
}

TEST(Lvz, Row20GuestsEnableTakesEffectAtOnce) {
    LvzMachine machine;
    machine.set(euen::number, euen::FPE::mask);
    machine.set_guest(EENTRY, guest_base + 0x1000);
    Program guest{guest_base};
    guest.set_csr(euen::number, 1).li(a0, 77).op(Insn::movgr2fr_d, {.rd = 1, .rj = a0});
    guest.op(Insn::movfr2gr_d, {.rd = a1, .rj = 1}).set_csr(euen::number, 0);
    guest.op(Insn::movfr2gr_d, {.rd = a2, .rj = 1});
    guest.pad_to(guest_base + 0x1000).csrrd(a3, estat::number).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 77u);
    EXPECT_EQ(estat::Ecode::get(machine.gpr(a3)), ecode(Exception::FPD));
}

TEST(Lvz, Row20LazySwitchKeepsBothWorldsRegistersApart) {
    // As kvm_own_fpu and kvm_lose_fpu: the host's registers are saved at the guest's first use.
    LvzMachine machine;
    machine.set_guest(euen::number, euen::writable);
    Program guest{guest_base};
    guest.op(Insn::vaddi_du, {.rd = 1, .rj = 1, .imm = 1});
    guest.op(Insn::vpickve2gr_d, {.rd = a1, .rj = 1, .imm = 1}).op(Insn::hvcl);
    machine.load_guest(guest);
    la::VectorRegister saved_guest{};
    for (std::uint64_t round = 1; round <= 4; ++round) {
        // The host computes with its own.
        machine.set(euen::number, euen::writable);
        machine.gpr(a0) = 1000 + round;
        machine.root(Insn::vreplgr2vr_d, {.rd = 1, .rj = a0});
        machine.set(euen::number, 0);
        const GuestExit exit = machine.run_guest(guest_base);
        EXPECT_EQ(exit.reason, Exception::SXD);
        const la::VectorRegister saved_host = machine.cpu().vr[1];
        machine.cpu().vr[1] = saved_guest;
        machine.set(euen::number, euen::writable);
        EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), round);
        saved_guest = machine.cpu().vr[1];
        machine.cpu().vr[1] = saved_host;
        machine.root(Insn::vpickve2gr_d, {.rd = a2, .rj = 1, .imm = 0});
        EXPECT_EQ(machine.gpr(a2), 1000 + round);
    }
}

/// ll.d at `data`, an exit, then sc.d of 7: its result comes in a1.
Program linked_over_an_exit() {
    Program guest{guest_base};
    guest.li(a0, data).li(a1, 7).op(Insn::ll_d, {.rd = a2, .rj = a0}).op(Insn::hvcl, {.imm = 1});
    guest.csrrd(a3, llbctl::number).op(Insn::sc_d, {.rd = a1, .rj = a0});
    return guest.op(Insn::hvcl, {.imm = 2});
}

TEST(Lvz, Row27ExitsAndRefillsDoNotEndTheGuestsReservation) {
    LvzMachine machine;
    const GuestExit exit = machine.run_guest(linked_over_an_exit());
    EXPECT_EQ(exit.word & 0x7fff, 1u);
    EXPECT_TRUE(llbctl::ROLLB::get(machine.get_guest(llbctl::number)));
    EXPECT_FALSE(llbctl::ROLLB::get(machine.get(llbctl::number)));
    machine.invalidate(0x14, 1 << 16);  // so that every page is refilled
    EXPECT_EQ(machine.run_guest(exit.pc + 4).word & 0x7fff, 2u);
    EXPECT_TRUE(llbctl::ROLLB::get(machine.gpr(a3)));
    EXPECT_EQ(machine.gpr(a1), 1u);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 7u);
}

TEST(Lvz, Row27WcllbFromRootEndsTheGuestsReservation) {
    LvzMachine machine;
    const GuestExit exit = machine.run_guest(linked_over_an_exit());
    machine.change_guest(llbctl::number, llbctl::WCLLB::mask, llbctl::WCLLB::mask);
    EXPECT_EQ(machine.get_guest(llbctl::number), 0u);
    EXPECT_EQ(machine.run_guest(exit.pc + 4).word & 0x7fff, 2u);
    EXPECT_EQ(machine.gpr(a3), 0u);
    EXPECT_EQ(machine.gpr(a1), 0u);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 0u);
}

TEST(Lvz, Row27RootsReservationIsItsOwn) {
    LvzMachine machine;
    machine.gpr(a0) = LvzMachine::cached | LvzMachine::free_memory;
    machine.root(Insn::ll_d, {.rd = a2, .rj = a0});
    EXPECT_TRUE(llbctl::ROLLB::get(machine.get(llbctl::number)));
    EXPECT_FALSE(llbctl::ROLLB::get(machine.get_guest(llbctl::number)));
    // Clearing the guest's does nothing to it; root's ertn does.
    machine.change_guest(llbctl::number, llbctl::WCLLB::mask, llbctl::WCLLB::mask);
    EXPECT_TRUE(llbctl::ROLLB::get(machine.get(llbctl::number)));
    Program guest{guest_base};
    guest.op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_FALSE(llbctl::ROLLB::get(machine.get(llbctl::number)));
    // With KLO it survives one ertn.
    machine.root(Insn::ll_d, {.rd = a2, .rj = a0});
    machine.set(llbctl::number, llbctl::KLO::mask);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_TRUE(llbctl::ROLLB::get(machine.get(llbctl::number)));
    EXPECT_FALSE(llbctl::KLO::get(machine.get(llbctl::number)));
}

TEST(Lvz, Row27GuestsOwnErtnEndsItsReservationButNotFromARefill) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | LvzMachine::page_bits);
    constexpr std::uint64_t window = PagingGuest::window;
    Program guest{guest_base};
    guest.li(a0, window | data).li(a4, va).li(a1, 7).op(Insn::ll_d, {.rd = a2, .rj = a0});
    guest.op(Insn::ld_d, {.rd = a5, .rj = a4});  // the guest refills
    guest.csrrd(a3, llbctl::number);
    guest.set_csr(prmd::number, 0).set_csr(ERA, window | (guest_base + 0x800)).op(Insn::ertn);
    guest.pad_to(guest_base + 0x800).csrrd(a5, llbctl::number);
    guest.op(Insn::sc_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    EXPECT_EQ(machine.run_paged(guest).word, la::encode(Insn::hvcl));
    EXPECT_TRUE(llbctl::ROLLB::get(machine.gpr(a3)));
    EXPECT_FALSE(llbctl::ROLLB::get(machine.gpr(a5)));
    EXPECT_EQ(machine.gpr(a1), 0u);
}

TEST(Lvz, ReservationOfAnotherVcpuIsNotInherited) {
    // Guest 1 and then guest 2 (another GID) link the same virtual address; guest 1 must not store
    // on what guest 2 saw.
    LvzMachine machine;
    machine.map_range(machine.second_stage2, guest_base, LvzMachine::second_memory, 0x10000);
    machine.load_guest(linked_over_an_exit(), LvzMachine::second_memory);
    const GuestExit exit = machine.run_guest(linked_over_an_exit());
    machine.write<std::uint64_t>(data_memory, 5);  // somebody else stored: guest 1 saw 0
    machine.write<std::uint64_t>(LvzMachine::second_memory + 0x8000, 5);
    machine.select(2, machine.second_stage2);
    const std::uint64_t saved = machine.get_guest(llbctl::number);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a2), 5u);
    machine.select(1, machine.stage2);
    machine.set_guest(llbctl::number, saved);
    machine.gpr(a1) = 7;
    EXPECT_EQ(machine.run_guest(exit.pc + 4).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0u);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 5u);
}

TEST(Lvz, StoreConditionalSeesChangesMadeWhileRootRan) {
    LvzMachine machine;
    const GuestExit exit = machine.run_guest(linked_over_an_exit());
    machine.write<std::uint64_t>(data_memory, 1);
    EXPECT_EQ(machine.run_guest(exit.pc + 4).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0u);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 1u);
}

}  // namespace
}  // namespace lkvm::test
