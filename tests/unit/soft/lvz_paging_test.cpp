// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: guests with paging, through both stages.
#include "tests/support/lvz_paging_guest.hpp"

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
constexpr std::uint64_t guest_memory = LvzMachine::guest_memory;
constexpr std::uint64_t hole = LvzMachine::guest_hole;
constexpr std::uint64_t data = PagingGuest::data;
constexpr std::uint64_t data_memory = PagingGuest::data_memory;
constexpr std::uint64_t refill = PagingGuest::refill;
constexpr std::uint64_t user_code = PagingGuest::user_code;
constexpr std::uint64_t window = PagingGuest::window;
const std::uint32_t trapped = la::encode(Insn::hvcl, {.imm = PagingGuest::trap_code});

TEST(Lvz, Row18StageTwoIsCheckedAtLevel0WhileTheGuestIsAtLevel3) {
    PagingGuest machine;
    machine.stage1.set(data, data | LvzMachine::page_bits | tlbelo::PLV::mask);
    Program user{user_code};
    user.li(a0, data).li(a1, 0x42).op(Insn::st_d, {.rd = a1, .rj = a0});
    user.op(Insn::ld_d, {.rd = a2, .rj = a0}).op(Insn::syscall);
    const GuestExit exit = machine.run_user(user);
    EXPECT_EQ(exit.reason, Exception::HVC);
    EXPECT_EQ(machine.guest_fault(), Exception::SYS);
    EXPECT_EQ(machine.gpr(a2), 0x42u);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 0x42u);
}

TEST(Lvz, Row19DirectWindowsGoThroughStageTwo) {
    PagingGuest machine;
    machine.write<std::uint64_t>(data_memory, 0x4321);
    Program guest{guest_base};
    guest.li(a0, window | data).op(Insn::ld_d, {.rd = a1, .rj = a0});
    guest.li(a0, window | (hole + 0x18)).op(Insn::ld_d, {.rd = a2, .rj = a0});
    const GuestExit exit = machine.run_paged(guest);
    EXPECT_EQ(machine.gpr(a1), 0x4321u);
    EXPECT_EQ(exit.reason, Exception::PIL);
    EXPECT_EQ(exit.address, hole + 0x18);
    EXPECT_EQ(exit.pc, (window | guest.here()) - 4);
}

TEST(Lvz, RootsWindowsDoNotApplyToTheGuest) {
    PagingGuest machine;
    // Root has a window at 0x8...; in the guest that is an address outside every range.
    Program guest{guest_base};
    guest.li(a0, LvzMachine::uncached | data).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    const GuestExit exit = machine.run_paged(guest);
    EXPECT_EQ(exit.word, trapped);
    EXPECT_EQ(machine.guest_fault(), Exception::ADEM);
    EXPECT_EQ(machine.gpr(s2), LvzMachine::uncached | data);
}

TEST(Lvz, Row33PageFaultsOfTheGuestStayThere) {
    PagingGuest machine;
    const std::uint64_t page = LvzMachine::page_bits;
    constexpr std::uint64_t va = 0x10000000;  // as a guest-physical address it is not there
    struct Case {
        Exception exception;
        std::uint64_t entry;
        bool store;
        bool user;
    };
    for (const Case& one : {
             Case{Exception::PIL, 0, false, false},
             Case{Exception::PIS, 0, true, false},
             Case{Exception::PME, data | (page & ~tlbelo::D::mask), true, false},
             Case{Exception::PNR, data | page | tlbelo::NR::mask, false, false},
             Case{Exception::PPI, data | page, false, true},
             Case{Exception::PPI, data | page, true, true},
             Case{Exception::PPI, data | page | tlbelo::RPLV::mask | 0xc, false, false},
         }) {
        machine.stage1.set(va, one.entry);
        machine.root(Insn::gtlbclr);
        machine.invalidate(0x9, 1 << 16);
        Program body{one.user ? user_code : guest_base};
        body.li(a0, va + 0x128);
        body.op(one.store ? Insn::st_d : Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
        const GuestExit exit = one.user ? machine.run_user(body) : machine.run_paged(body);
        EXPECT_EQ(exit.reason, Exception::HVC);
        EXPECT_EQ(exit.word, trapped);
        EXPECT_EQ(machine.guest_fault(), one.exception);
        EXPECT_EQ(machine.gpr(s2), va + 0x128);
        EXPECT_EQ(machine.get_guest(tlbehi::number) & tlbehi::VPPN::mask, va);
    }
    // A fetch.
    machine.stage1.set(va, 0);
    machine.invalidate(0x9, 1 << 16);
    machine.set_guest(crmd::number, crmd::PG::mask);
    EXPECT_EQ(machine.run_guest(va).reason, Exception::HVC);
    EXPECT_EQ(machine.guest_fault(), Exception::PIF);
    machine.stage1.set(va, data | page | tlbelo::NX::mask);
    machine.invalidate(0x9, 1 << 16);
    machine.set_guest(crmd::number, crmd::PG::mask);
    EXPECT_EQ(machine.run_guest(va).reason, Exception::HVC);
    EXPECT_EQ(machine.guest_fault(), Exception::PNX);
}

TEST(Lvz, Row33RefillsOfTheGuestStayThere) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | LvzMachine::page_bits);
    machine.write<std::uint64_t>(data_memory + 0x18, 0x777);
    Program guest{guest_base};
    guest.li(a0, va + 0x18).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    machine.set_guest(tlbrprmd::number, 0);
    EXPECT_EQ(machine.run_paged(guest).word, la::encode(Insn::hvcl));
    EXPECT_EQ(machine.gpr(a1), 0x777u);
    EXPECT_EQ(machine.get_guest(TLBRBADV), va + 0x18);
    EXPECT_TRUE(machine.has_stage1(1, va));
    EXPECT_FALSE(machine.has_stage1(2, va));
    EXPECT_FALSE(machine.has_stage2(1, va));
}

TEST(Lvz, BothStagesMustAllowAStore) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    const std::uint64_t page = LvzMachine::page_bits;
    const std::uint64_t clean = page & ~tlbelo::D::mask;
    for (const bool first_dirty : {false, true}) {
        for (const bool second_dirty : {false, true}) {
            machine.stage1.set(va, data | (first_dirty ? page : clean));
            machine.stage2.set(data, data_memory | (second_dirty ? page : clean));
            machine.invalidate(0x15, 1 << 16);
            machine.write<std::uint64_t>(data_memory, 0);
            Program guest{guest_base};
            // The load first: what it leaves cached must not let the store through.
            guest.li(a0, va).op(Insn::ld_d, {.rd = a2, .rj = a0}).li(a1, 9);
            guest.op(Insn::st_d, {.rd = a1, .rj = a0}).op(Insn::hvcl, {.imm = 1});
            const GuestExit exit = machine.run_paged(guest);
            if (!first_dirty) {
                EXPECT_EQ(exit.word, trapped);
                EXPECT_EQ(machine.guest_fault(), Exception::PME);
                EXPECT_EQ(machine.gpr(s2), va);
            } else if (!second_dirty) {
                EXPECT_EQ(exit.reason, Exception::PME);
                EXPECT_EQ(exit.address, data);
            } else {
                EXPECT_EQ(exit.word, la::encode(Insn::hvcl, {.imm = 1}));
            }
            EXPECT_EQ(machine.read<std::uint64_t>(data_memory),
                      first_dirty && second_dirty ? 9u : 0u);
        }
    }
}

TEST(Lvz, StageTwoFaultOfAMappedAddressGivesTheGuestPhysicalOne) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, (hole + 0x3000) | LvzMachine::page_bits);
    Program guest{guest_base};
    guest.li(a0, va + 0x468).op(Insn::ld_w, {.rd = a1, .rj = a0});
    const GuestExit exit = machine.run_paged(guest);
    EXPECT_EQ(exit.reason, Exception::PIL);
    EXPECT_EQ(exit.address, hole + 0x3468);
    machine.stop_at_refills(true);
    machine.invalidate(0x14, 1 << 16);
    machine.fill_stage2(1, {.address = guest_base,
                            .even = machine.stage2.get(guest_base),
                            .odd = machine.stage2.get(guest_base + 0x1000)});
    const GuestExit miss = machine.run_guest(exit.pc);
    EXPECT_EQ(miss.reason, Exception::TLBR);
    EXPECT_EQ(miss.address, hole + 0x3468);
}

TEST(Lvz, WalkOfTheGuestFaultsInStageTwoAsALoadAndGoesOn) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | LvzMachine::page_bits);
    machine.write<std::uint64_t>(data_memory, 0x31);
    // Takes the page of the last-level table away from stage 2.
    std::uint64_t table = machine.stage1.root();
    for (const unsigned shift : {39u, 30u, 21u}) {
        table = machine.read<std::uint64_t>(table + (guest_memory - guest_base) +
                                            ((va >> shift) & 511) * 8);
    }
    const std::uint64_t entry = machine.stage2.get(table);
    machine.stage2.set(table, 0);
    Program guest{guest_base};
    guest.li(a0, va).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    machine.gpr(t0) = 0x1d1d;
    const GuestExit exit = machine.run_paged(guest);
    EXPECT_EQ(exit.reason, Exception::PIL);
    EXPECT_EQ(exit.address, table + ((va >> 12) & 511) * 8);
    EXPECT_EQ(exit.pc, refill + 5 * 4);  // the first ldpte
    EXPECT_EQ(exit.word, la::encode(Insn::ldpte, {.rj = t0, .imm = 0}));
    EXPECT_EQ(machine.gpr(t0), table);  // from lddir; not damaged
    EXPECT_EQ(machine.get_guest(TLBRSAVE), 0x1d1du);
    EXPECT_TRUE(tlbrera::IsTLBR::get(machine.get_guest(tlbrera::number)));
    machine.stage2.set(table, entry);
    machine.invalidate(0x16, 1 << 16, table);
    EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x31u);
    EXPECT_EQ(machine.gpr(t0), 0x1d1du);
}

TEST(Lvz, DirectoryWalkOfTheGuestFaultsBeforeItsRegisterIsWritten) {
    PagingGuest machine;
    machine.set_guest(PGDL, hole);
    Program guest{guest_base};
    guest.li(a0, 0x7000000).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    const GuestExit exit = machine.run_paged(guest);
    EXPECT_EQ(exit.reason, Exception::PIL);
    EXPECT_EQ(exit.address, hole);
    EXPECT_EQ(exit.pc, refill + 2 * 4);  // lddir 3
    EXPECT_EQ(machine.gpr(t0), hole);
    // A miss, too, is taken with everything as it was.
    machine.invalidate(0x16, 1 << 16, hole);
    machine.stop_at_refills(true);
    const GuestExit miss = machine.run_guest(exit.pc);
    EXPECT_EQ(miss.reason, Exception::TLBR);
    EXPECT_EQ(miss.address, hole);
    EXPECT_EQ(miss.pc, refill + 2 * 4);
    EXPECT_EQ(machine.gpr(t0), hole);
}

TEST(Lvz, GuestHugePagesOverSmallStageTwoPages) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x60000000;
    machine.stage1.set(va, guest_base | LvzMachine::page_bits | PageTables::huge);
    // Two neighbours of the huge page lie apart in the machine.
    machine.stage2.set(data + 0x1000, (guest_memory + 0x20000) | LvzMachine::page_bits);
    machine.write<std::uint64_t>(data_memory, 1);
    machine.write<std::uint64_t>(guest_memory + 0x20000, 2);
    Program guest{guest_base};
    guest.li(a0, va + 0x8000).op(Insn::ld_d, {.rd = a1, .rj = a0});
    guest.li(a0, va + 0x9000).op(Insn::ld_d, {.rd = a2, .rj = a0}).op(Insn::hvcl);
    EXPECT_EQ(machine.run_paged(guest).word, la::encode(Insn::hvcl));
    EXPECT_EQ(machine.gpr(a1), 1u);
    EXPECT_EQ(machine.gpr(a2), 2u);
}

TEST(Lvz, CodeOfTheGuestIsCoherentWithStoresThroughOtherAddresses) {
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | LvzMachine::page_bits);
    Program code{data};
    code.li(a3, 1).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load_guest(code);
    Program guest{guest_base};
    guest.li(a0, window | data).li(a1, va).li(a2, la::encode(Insn::ori, {.rd = a3, .imm = 2}));
    guest.op(Insn::jirl, {.rd = ra, .rj = a1}).op(Insn::or_, {.rd = a4, .rj = a3, .rk = zero});
    guest.op(Insn::st_w, {.rd = a2, .rj = a0}).op(Insn::ibar);
    guest.op(Insn::jirl, {.rd = ra, .rj = a1}).op(Insn::hvcl);
    EXPECT_EQ(machine.run_paged(guest).word, la::encode(Insn::hvcl));
    EXPECT_EQ(machine.gpr(a4), 1u);
    EXPECT_EQ(machine.gpr(a3), 2u);
}

}  // namespace
}  // namespace lkvm::test
