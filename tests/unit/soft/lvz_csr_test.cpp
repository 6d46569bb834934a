// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: discovery, root's control registers and the guest's register bank.
#include "tests/support/lvz_machine.hpp"

#include <bit>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t ones = UINT64_MAX;

/// What the guest has in hardware, but for the four timer registers, TICLR and PGD.
std::vector<unsigned> hardware_registers() {
    std::vector<unsigned> list{EENTRY, llbctl::number};
    const auto add = [&](unsigned first, unsigned last) {
        for (unsigned number = first; number <= last; ++number) list.push_back(number);
    };
    add(crmd::number, BADI);
    add(tlbidx::number, tlbelo::number1);
    add(asid::number, RVACFG);
    add(CPUID, PRCFG3);
    add(SAVE0, SAVE0 + 7);
    add(TID, TICLR);
    add(TLBRENTRY, tlbrprmd::number);
    add(dmw::number0, dmw::number0 + 3);
    return list;
}

/// Registers that root emulates for its guest.
std::vector<unsigned> software_registers() {
    std::vector<unsigned> list{
        IMPCTL1, IMPCTL2,       CTAG,         gtlbc::number, trgp::number, 0x9,           0xb,
        0x14,    gstat::number, gcfg::number, GCNTC,         0x38,         gintc::number, 0xa0,
        0xa5,    0xc0,          0xc1,         0x200,         0x207,        0x300,         0x301,
        0x380,   0x381,         0x500,        0x502,         0x1ff,        0x3fff};
    for (unsigned number = merrctl::number; number <= MERRSAVE; ++number) list.push_back(number);
    return list;
}

TEST(Lvz, Row01CpucfgAndGidbitTellOfTheExtension) {
    LvzMachine machine;
    machine.gpr(a0) = 2;
    machine.root(Insn::cpucfg, {.rd = a1, .rj = a0});
    EXPECT_NE(machine.gpr(a1) & (1u << 10), 0u);
    EXPECT_EQ((machine.gpr(a1) >> 11) & 7, 1u);
    EXPECT_EQ(gstat::GIDBIT::get(machine.get(gstat::number)), 8u);
    machine.set(gstat::number, ones);
    EXPECT_EQ(gstat::GIDBIT::get(machine.get(gstat::number)), 8u);
    machine.set(gstat::number, 0);
    EXPECT_EQ(gstat::GIDBIT::get(machine.get(gstat::number)), 8u);
    for (unsigned bits = 1; bits <= 8; ++bits) {
        LvzMachine small{LvzMachine::with_lvz(bits)};
        EXPECT_EQ(gstat::GIDBIT::get(small.get(gstat::number)), bits);
    }
}

TEST(Lvz, WithoutTheExtensionNothingOfItIsThere) {
    SoftMachine machine;
    la::Cpu& cpu = machine.cpu();
    cpu.gpr[a0] = 2;
    machine.execute(SoftMachine::ram_base, la::encode(Insn::cpucfg, {.rd = a1, .rj = a0}));
    EXPECT_EQ(cpu.gpr[a1] & (0xfu << 10), 0u);
    for (const unsigned number :
         {gtlbc::number, trgp::number, gstat::number, gcfg::number, gintc::number, GCNTC}) {
        cpu.write_csr(number, ones);
        EXPECT_EQ(cpu.read_csr(number), 0u) << number;
    }
    cpu.write_csr(tlbrprmd::number, tlbrprmd::PGM::mask);
    EXPECT_EQ(cpu.read_csr(tlbrprmd::number), 0u);
    const auto raises = [&](std::uint32_t word) {
        machine.execute(SoftMachine::ram_base, word);
        return estat::Ecode::get(cpu.read_csr(estat::number)) == ecode(Exception::INE) &&
               cpu.read_csr(ERA) == SoftMachine::ram_base;
    };
    cpu.write_csr(EENTRY, SoftMachine::ram_base + 0x1000);
    EXPECT_TRUE(raises(la::encode(Insn::gcsrrd, {.rd = a1})));
    EXPECT_TRUE(raises(la::encode(Insn::gtlbfill)));
    EXPECT_TRUE(raises(la::encode(Insn::hvcl)));
    EXPECT_TRUE(raises(la::encode(Insn::invtlb, {.imm = 0x12})));
}

TEST(Lvz, Row02GcfgKeepsItsCapabilitiesAndStoresItsPolicies) {
    LvzMachine machine;
    const std::uint64_t capabilities = gcfg::MATP::mask | gcfg::GCIP::mask;
    machine.set(gcfg::number, 0);
    EXPECT_EQ(machine.get(gcfg::number), gcfg::capabilities);
    EXPECT_NE(gcfg::MATP::get(machine.get(gcfg::number)) & 2, 0u);  // root's memory types
    machine.set(gcfg::number, gcfg::GCI::put(gcfg::MATC::put(0, 1), 2));
    EXPECT_EQ(gcfg::MATC::get(machine.get(gcfg::number)), 1u);
    EXPECT_EQ(gcfg::GCI::get(machine.get(gcfg::number)), 2u);
    machine.set(gcfg::number, ones);
    EXPECT_EQ(machine.get(gcfg::number) & capabilities, gcfg::capabilities);
}

TEST(Lvz, Row03GtlbcIsAt0x15WithItsFields) {
    LvzMachine machine;
    machine.set(0x15, 0);
    EXPECT_EQ(machine.get(0x15), 0u);
    machine.change(0x15, ones, 1u << 12);
    EXPECT_EQ(machine.get(0x15), 1u << 12);
    machine.change(0x15, 1u << 13, 1u << 13);
    machine.change(0x15, 0xa50000, 0xff0000);
    EXPECT_EQ(machine.get(0x15), 0xa53000u);
    EXPECT_EQ(machine.get(0x54), 0u);
    EXPECT_EQ(machine.get(0x55), 0u);
}

TEST(Lvz, Row04GstatIsReadModifyWriteAndVmReadsZero) {
    LvzMachine machine;
    machine.set(gstat::number, 0);
    machine.gpr(a0) = gstat::PVM::mask;
    machine.gpr(a1) = gstat::PVM::mask;
    machine.root(Insn::csrxchg, {.rd = a0, .rj = a1, .imm = gstat::number});
    EXPECT_EQ(machine.gpr(a0), gstat::GIDBIT::put(0, 8));
    machine.change(gstat::number, 0x5a0000, 0xff0000);
    EXPECT_EQ(machine.get(gstat::number), gstat::GIDBIT::put(0x5a0002, 8));
    machine.change(gstat::number, 0, gstat::PVM::mask);
    EXPECT_EQ(machine.get(gstat::number), gstat::GIDBIT::put(0x5a0000, 8));
    machine.set(gstat::number, ones);
    EXPECT_EQ(machine.get(gstat::number) & 1, 0u);
    // A saved value is put back as it was read.
    const std::uint64_t saved = machine.get(gstat::number);
    machine.set(gstat::number, 0).set(gstat::number, saved);
    EXPECT_EQ(machine.get(gstat::number), saved);
}

TEST(Lvz, Row06GuestReachesItsRegistersWithoutExits) {
    LvzMachine machine;
    for (const unsigned number : hardware_registers()) {
        Program guest{LvzMachine::guest_base};
        guest.csrrd(a0, number).op(Insn::hvcl, {.imm = 1});
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, Exception::HVC) << "csr " << number;
        if (number == estat::number || number == TVAL) continue;
        EXPECT_EQ(machine.gpr(a0), machine.get_guest(number)) << "csr " << number;
    }
}

TEST(Lvz, Row06BothWaysReachTheSameStorage) {
    LvzMachine machine;
    for (const unsigned number :
         {unsigned{prmd::number}, ERA, BADV, unsigned{tlbelo::number0}, SAVE0, SAVE0 + 7, CNTC,
          TLBRBADV, TLBRSAVE, unsigned{tlbelo::number1}, unsigned{pwcl::number}}) {
        Program guest{LvzMachine::guest_base};
        guest.li(a0, 0x5).csrwr(a0, number).op(Insn::hvcl);
        machine.set_guest(number, 0x3);
        const std::uint64_t of_root = machine.get(number);
        EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
        EXPECT_EQ(machine.get_guest(number), 0x5u) << number;
        EXPECT_EQ(machine.gpr(a0), 0x3u) << number;
        if (number == prmd::number || number == ERA) continue;  // the exit wrote root's
        EXPECT_EQ(machine.get(number), of_root) << number;
    }
}

TEST(Lvz, Row06GcsrInstructionsReadWriteAndExchange) {
    LvzMachine machine;
    machine.gpr(a0) = 0x1234;
    machine.root(Insn::gcsrwr, {.rd = a0, .imm = SAVE0 + 3});
    EXPECT_EQ(machine.gpr(a0), 0u);
    machine.gpr(a1) = 0xff;
    machine.gpr(a2) = 0x0f0;
    machine.root(Insn::gcsrxchg, {.rd = a1, .rj = a2, .imm = SAVE0 + 3});
    EXPECT_EQ(machine.gpr(a1), 0x1234u);
    machine.root(Insn::gcsrrd, {.rd = a3, .imm = SAVE0 + 3});
    EXPECT_EQ(machine.gpr(a3), 0x12f4u);
    EXPECT_EQ(machine.get(SAVE0 + 3), 0u);
    // Into r0, and from r0.
    machine.root(Insn::gcsrrd, {.rd = zero, .imm = SAVE0 + 3});
    machine.root(Insn::gcsrwr, {.rd = zero, .imm = SAVE0 + 3});
    EXPECT_EQ(machine.gpr(zero), 0u);
    EXPECT_EQ(machine.get_guest(SAVE0 + 3), 0u);
}

TEST(Lvz, GcsrOfRegistersThatNoGuestHasReadsZero) {
    LvzMachine machine;
    for (const unsigned number : {unsigned{gstat::number}, unsigned{gcfg::number}, GCNTC,
                                  unsigned{gtlbc::number}, 0xc0u, 0x1ffu, 0x3fffu}) {
        machine.set_guest(number, ones);
        EXPECT_EQ(machine.get_guest(number), 0u) << number;
    }
}

TEST(Lvz, Row07AnyOtherRegisterGoesToRootBeforeAnySideEffect) {
    LvzMachine machine;
    for (const unsigned number : software_registers()) {
        for (unsigned kind = 0; kind < 3; ++kind) {
            Program guest{LvzMachine::guest_base};
            guest.li(a0, 0x77).li(a1, 0xff);
            const std::uint64_t at = guest.here();
            if (kind == 0) guest.csrrd(a0, number);
            if (kind == 1) guest.csrwr(a0, number);
            if (kind == 2) guest.csrxchg(a0, a1, number);
            const std::uint32_t word = guest.words().back();
            const std::uint64_t of_root = machine.get(number);
            const GuestExit exit = machine.run_guest(guest);
            EXPECT_EQ(exit.reason, Exception::GSPR) << number;
            EXPECT_EQ(exit.pc, at);
            EXPECT_EQ(exit.word, word);
            EXPECT_EQ(machine.gpr(a0), 0x77u);
            if (number == gstat::number || number == gtlbc::number) continue;  // entry and exit
            EXPECT_EQ(machine.get(number), of_root) << number;
        }
    }
}

TEST(Lvz, Row28RootSetsWhatIsReadOnlyForTheGuest) {
    LvzMachine machine;
    machine.set_guest(CPUID, 3).set_guest(TID, 9).set_guest(BADI, 0x06483800);
    machine.set_guest(asid::number, asid::ASIDBITS::put(0x155, 10));
    machine.set_guest(misc::number, misc::ALCL::put(0, 0xf));
    machine.set_guest(TVAL, 12345).set_guest(PRCFG1, 0x1008);
    machine.set_guest(llbctl::number, llbctl::KLO::mask);
    EXPECT_EQ(machine.get_guest(CPUID), 3u);
    EXPECT_EQ(machine.get_guest(TID), 9u);
    EXPECT_EQ(machine.get_guest(BADI), 0x06483800u);
    EXPECT_EQ(machine.get_guest(asid::number), asid::ASIDBITS::put(0x155, 10));
    EXPECT_EQ(misc::ALCL::get(machine.get_guest(misc::number)), 0xfu);
    EXPECT_EQ(machine.get_guest(TVAL), 12345u);
    EXPECT_EQ(machine.get_guest(PRCFG1), 0x1008u);
    EXPECT_EQ(llbctl::KLO::get(machine.get_guest(llbctl::number)), true);
    // ASIDBITS follows what KVM restores.
    machine.set_guest(asid::number, 0);
    EXPECT_EQ(asid::ASIDBITS::get(machine.get_guest(asid::number)), 0u);
}

TEST(Lvz, GuestWritesToReadOnlyRegistersAreIgnored) {
    LvzMachine machine;
    machine.set_guest(CPUID, 3).set_guest(TVAL, 55).set_guest(BADI, 0x123);
    for (const unsigned number : {CPUID, PRCFG1, PRCFG2, PRCFG3, TVAL, BADI, PGD}) {
        const std::uint64_t before = machine.get_guest(number);
        Program guest{LvzMachine::guest_base};
        guest.li(a0, ones).csrwr(a0, number).op(Insn::hvcl);
        EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC) << number;
        EXPECT_EQ(machine.get_guest(number), before) << number;
        EXPECT_EQ(machine.gpr(a0), before) << number;
    }
    Program guest{LvzMachine::guest_base};
    guest.set_csr(estat::number, ones).set_csr(asid::number, ones);
    guest.csrrd(a0, estat::number).csrrd(a1, asid::number).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a0), estat::SWI::mask);
    EXPECT_EQ(machine.gpr(a1), asid::ASIDBITS::put(0x3ff, 10));
}

TEST(Lvz, GuestPgdFollowsTheGuestsBadAddress) {
    LvzMachine machine;
    machine.set_guest(PGDL, 0x1000).set_guest(PGDH, 0x2000).set_guest(BADV, 0x4000);
    EXPECT_EQ(machine.get_guest(PGD), 0x1000u);
    machine.set_guest(BADV, 0xffff800000000000);
    EXPECT_EQ(machine.get_guest(PGD), 0x2000u);
    machine.set_guest(tlbrera::number, tlbrera::IsTLBR::mask).set_guest(TLBRBADV, 0x4000);
    EXPECT_EQ(machine.get_guest(PGD), 0x1000u);
    machine.set_guest(PGD, 0x5000);
    EXPECT_EQ(machine.get_guest(PGD), 0x1000u);
}

TEST(Lvz, Row29GuestBankHoldsHostValuesAfterReset) {
    LvzMachine machine;
    for (const unsigned number : {PRCFG1, PRCFG2, PRCFG3}) {
        EXPECT_NE(machine.get_guest(number), 0u);
        EXPECT_EQ(machine.get_guest(number), machine.get(number));
    }
    EXPECT_EQ(machine.get_guest(asid::number), asid::ASIDBITS::put(0, 10));
    EXPECT_EQ(machine.get_guest(crmd::number), crmd::DA::mask);
}

TEST(Lvz, ResetClearsTheExtensionsRegisters) {
    LvzMachine machine;
    machine.set(gintc::number, ones).set(GCNTC, 5).set(gstat::number, ones);
    machine.set_guest(SAVE0, 1).set_guest(tcfg::number, 0x1001);
    machine.fill_stage2(3, {.address = 0x4000, .even = 0x13, .odd = 0x13});
    machine.step_guest(LvzMachine::guest_base, 0);
    EXPECT_TRUE(machine.cpu().in_guest());
    machine.cpu().reset();
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.get(gstat::number), gstat::GIDBIT::put(0, 8));
    EXPECT_EQ(machine.get(gcfg::number), gcfg::capabilities);
    EXPECT_EQ(machine.get(gtlbc::number), 0u);
    EXPECT_EQ(machine.get(gintc::number), 0u);
    EXPECT_EQ(machine.get(GCNTC), 0u);
    EXPECT_EQ(machine.get_guest(SAVE0), 0u);
    machine.clock.advance_ticks(0x2000);
    EXPECT_EQ(machine.get_guest(estat::number), 0u);
    machine.set(dmw::number0 + 1, LvzMachine::cached | 1).set(crmd::number, crmd::PG::mask);
    EXPECT_FALSE(machine.has_stage2(3, 0x4000));
}

TEST(Lvz, Row30SoftwareRegistersOfTheGuestAreNotRoots) {
    LvzMachine machine;
    machine.set(IMPCTL1, 0x100).set(MERRENTRY, 0x5000);
    Program guest{LvzMachine::guest_base};
    guest.set_csr(IMPCTL1, 0);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::GSPR);
    EXPECT_EQ(machine.get(IMPCTL1), 0x100u);
    // As KVM emulates it: the next instruction, with the old value in rd.
    EXPECT_EQ(machine.get(MERRENTRY), 0x5000u);
}

TEST(Lvz, Row31PerformanceCountersAreNotOfferedAndTrap) {
    LvzMachine machine;
    machine.gpr(a0) = 6;
    machine.root(Insn::cpucfg, {.rd = a1, .rj = a0});
    EXPECT_EQ(machine.gpr(a1), 0u);
    EXPECT_EQ((machine.get(gcfg::number) >> 23) & 1, 0u);  // GPMP
    for (unsigned number = 0x200; number <= 0x207; ++number) {
        Program guest{LvzMachine::guest_base};
        guest.csrrd(a0, number);
        EXPECT_EQ(machine.run_guest(guest).reason, Exception::GSPR);
    }
}

TEST(Lvz, Row35RootRegistersOfTheExitTakeEffectAtOnce) {
    LvzMachine machine;
    const std::uint64_t lie = ecfg::LIE::put(0, 0x1804);
    machine.set(ecfg::number, lie | ecfg::VS::put(0, 3));
    Program guest{LvzMachine::guest_base};
    guest.op(Insn::hvcl);
    machine.load_guest(guest);
    // VS = 3: HVC has its own vector, 0x17 * 32 bytes behind EENTRY.
    machine.step_guest(guest.base(), 12);
    EXPECT_EQ(machine.cpu().pc, machine.get(EENTRY) + 0x17 * 32);
    EXPECT_EQ(machine.finish_exit().reason, Exception::HVC);
    machine.change(ecfg::number, 0, ecfg::VS::mask);
    EXPECT_EQ(machine.get(ecfg::number), lie);
    machine.set(EENTRY, LvzMachine::cached | LvzMachine::free_memory);
    machine.step_guest(guest.base(), 1);
    EXPECT_EQ(machine.cpu().pc, LvzMachine::cached | LvzMachine::free_memory);
    EXPECT_EQ(machine.finish_exit().reason, Exception::HVC);
}

}  // namespace
}  // namespace lkvm::test
