// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: guest-physical addresses and stage 2.
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
constexpr std::uint64_t guest_memory = LvzMachine::guest_memory;
constexpr std::uint64_t data = guest_base + 0x8000;  ///< a page of the guest for data
constexpr std::uint64_t data_memory = guest_memory + 0x8000;
constexpr std::uint64_t hole = LvzMachine::guest_hole;

Program load_at(std::uint64_t address) {
    Program guest{guest_base};
    guest.li(a0, address).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    return guest;
}
Program store_at(std::uint64_t address, std::uint64_t value) {
    Program guest{guest_base};
    guest.li(a0, address).li(a1, value).op(Insn::st_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    return guest;
}

TEST(Lvz, Row13StageTwoMissIsARefillOfRoot) {
    LvzMachine machine;
    machine.stop_at_refills(true);
    machine.set(crmd::number, crmd::PG::mask | crmd::DATM::put(crmd::DATF::put(0, 1), 1));
    machine.set(estat::number, 0);
    const std::uint64_t status = machine.get(estat::number);
    machine.prepare_entry(guest_base + 0x124);
    machine.cpu().pc = LvzMachine::cached | LvzMachine::ram_base;
    machine.step(2);
    EXPECT_FALSE(machine.cpu().in_guest());
    EXPECT_EQ(machine.cpu().pc, machine.get(TLBRENTRY));
    EXPECT_EQ(machine.get(TLBRBADV), guest_base + 0x124);
    EXPECT_EQ(machine.get(tlbrehi::number) & tlbrehi::VPPN::mask, guest_base);
    EXPECT_EQ(machine.get(tlbrera::number), (guest_base + 0x124) | 1);
    EXPECT_EQ(machine.get(PGD), machine.stage2.root());
    EXPECT_TRUE(gstat::PVM::get(machine.get(gstat::number)));
    EXPECT_EQ(machine.get(tlbrprmd::number), tlbrprmd::PGM::mask | tlbrprmd::PIE::mask);
    const std::uint64_t mode = machine.get(crmd::number);
    EXPECT_EQ(mode, crmd::DA::mask | crmd::DATM::put(crmd::DATF::put(0, 1), 1));
    EXPECT_EQ(machine.get(estat::number), status);
}

TEST(Lvz, Row13RefillHandlerTagsWithTgidAndResumesTheGuest) {
    LvzMachine machine;
    machine.write<std::uint64_t>(data_memory + 8, 0x1122334455667788);
    EXPECT_EQ(machine.run_guest(load_at(data + 8)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x1122334455667788u);
    EXPECT_TRUE(machine.has_stage2(1, data));
    EXPECT_FALSE(machine.has_stage2(0, data));
    EXPECT_FALSE(machine.has_stage2(2, data));
    EXPECT_EQ(machine.get(TLBRSAVE), machine.gpr(t0));
    EXPECT_FALSE(tlbrera::IsTLBR::get(machine.get(tlbrera::number)));
}

TEST(Lvz, Row13DirectoriesMayHoldVirtualAddresses) {
    // Linux keeps window addresses in its directories; lddir looks at the physical part.
    LvzMachine machine;
    PageTables& stage2 = machine.stage2;
    std::uint64_t at = stage2.root();
    for (const unsigned shift : {39u, 30u, 21u}) {
        const std::uint64_t where = at + ((guest_base >> shift) & 511) * 8;
        at = machine.read<std::uint64_t>(where);
        machine.write(where, at | LvzMachine::cached);
    }
    machine.write<std::uint64_t>(data_memory, 0x55);
    EXPECT_EQ(machine.run_guest(load_at(data)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x55u);
}

TEST(Lvz, Row14InvalidPageIsAPageFaultOfRootAtTheGuestPhysicalAddress) {
    LvzMachine machine;
    struct Case {
        Exception reason;
        std::uint32_t word;
    };
    for (const Case& one :
         {Case{Exception::PIL, la::encode(Insn::ld_b, {.rd = a1, .rj = a0, .imm = 5})},
          Case{Exception::PIS, la::encode(Insn::st_b, {.rd = a1, .rj = a0, .imm = 5})},
          Case{Exception::PIS, la::encode(Insn::amadd_d, {.rd = a1, .rj = a0, .rk = a2})},
          Case{Exception::PIL, la::encode(Insn::ll_d, {.rd = a1, .rj = a0})}}) {
        Program guest{guest_base};
        guest.li(a0, hole + 0x6548).word(one.word);
        machine.gpr(a1) = 0x77;
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, one.reason) << std::hex << one.word;
        EXPECT_EQ(exit.address & ~std::uint64_t{7}, hole + 0x6548);
        EXPECT_EQ(exit.word, one.word);
        EXPECT_EQ(exit.pc, guest.here() - 4);
        EXPECT_EQ(machine.gpr(a1), 0x77u);
        EXPECT_EQ(machine.get(tlbehi::number) & tlbehi::VPPN::mask, hole + 0x6000);
    }
    const GuestExit fetch = machine.run_guest(hole + 0x124);
    EXPECT_EQ(fetch.reason, Exception::PIF);
    EXPECT_EQ(fetch.address, hole + 0x124);
    EXPECT_EQ(fetch.pc, hole + 0x124);
}

TEST(Lvz, Row14StoreToACleanPageIsPme) {
    LvzMachine machine;
    machine.stage2.set(data, data_memory | (LvzMachine::page_bits & ~tlbelo::D::mask));
    Program guest{guest_base};
    guest.li(a0, data).op(Insn::ld_d, {.rd = a2, .rj = a0}).li(a1, 7);
    guest.op(Insn::st_d, {.rd = a1, .rj = a0, .imm = 0x10}).op(Insn::hvcl);
    const GuestExit exit = machine.run_guest(guest);
    EXPECT_EQ(exit.reason, Exception::PME);
    EXPECT_EQ(exit.address, data + 0x10);
    EXPECT_EQ(exit.word, la::encode(Insn::st_d, {.rd = a1, .rj = a0, .imm = 0x10}));
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory + 0x10), 0u);
    // Made writable and flushed, as KVM does after logging it.
    machine.stage2.set(data, data_memory | LvzMachine::page_bits);
    machine.invalidate(0x16, 1 << 16, data);
    EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC);
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory + 0x10), 7u);
}

TEST(Lvz, MappingAfterAFaultNeedsTheFlushOfTheInvalidEntry) {
    LvzMachine machine;
    const GuestExit exit = machine.run_guest(load_at(hole));
    EXPECT_EQ(exit.reason, Exception::PIL);
    machine.stage2.set(hole, data_memory | LvzMachine::page_bits);
    machine.write<std::uint64_t>(data_memory, 0x99);
    EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::PIL);  // still the V = 0 entry
    machine.invalidate(0x16, 1 << 16, hole);
    EXPECT_EQ(machine.run_guest(exit.pc).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x99u);
}

TEST(Lvz, StageTwoHonoursNoReadAndNoExecute) {
    LvzMachine machine;
    machine.stage2.set(data, data_memory | LvzMachine::page_bits | tlbelo::NR::mask);
    const GuestExit load = machine.run_guest(load_at(data));
    EXPECT_EQ(load.reason, Exception::PNR);
    EXPECT_EQ(load.address, data);
    EXPECT_EQ(machine.run_guest(store_at(data, 5)).reason, Exception::HVC);
    EXPECT_EQ(machine.run_guest(load_at(data)).reason, Exception::PNR);
    machine.stage2.set(data + 0x2000, data_memory | LvzMachine::page_bits | tlbelo::NX::mask);
    const GuestExit fetch = machine.run_guest(data + 0x2004);
    EXPECT_EQ(fetch.reason, Exception::PNX);
    EXPECT_EQ(fetch.address, data + 0x2004);
    EXPECT_EQ(machine.run_guest(load_at(data + 0x2000)).reason, Exception::HVC);
}

TEST(Lvz, AccessOverTwoPagesFaultsAtTheMissingOne) {
    LvzMachine machine;
    machine.stage2.set(data + 0x1000, 0);
    const GuestExit load = machine.run_guest(load_at(data + 0xffc));
    EXPECT_EQ(load.reason, Exception::PIL);
    EXPECT_EQ(load.address & ~std::uint64_t{0xfff}, data + 0x1000);
    machine.write<std::uint32_t>(data_memory + 0xffc, 0x12345678);
    const GuestExit store = machine.run_guest(store_at(data + 0xffc, UINT64_MAX));
    EXPECT_EQ(store.reason, Exception::PIS);
    EXPECT_EQ(machine.read<std::uint32_t>(data_memory + 0xffc), 0x12345678u);
    // Two pages that are not neighbours behind stage 2.
    machine.stage2.set(data + 0x1000, (guest_memory + 0x20000) | LvzMachine::page_bits);
    machine.invalidate(0x16, 1 << 16, data);
    EXPECT_EQ(machine.run_guest(store_at(data + 0xffc, 0x1111111122222222)).reason, Exception::HVC);
    EXPECT_EQ(machine.read<std::uint32_t>(data_memory + 0xffc), 0x22222222u);
    EXPECT_EQ(machine.read<std::uint32_t>(guest_memory + 0x20000), 0x11111111u);
    EXPECT_EQ(machine.run_guest(load_at(data + 0xffc)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x1111111122222222u);
}

TEST(Lvz, DevicesCanBePassedThrough) {
    LvzMachine machine;
    machine.stage2.set(hole, SoftMachine::device_base | LvzMachine::page_bits);
    machine.device.answer = 0x4142434445464748;
    EXPECT_EQ(machine.run_guest(load_at(hole + 0x20)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x4142434445464748u);
    EXPECT_EQ(machine.device.reads.size(), 1u);
    EXPECT_EQ(machine.device.reads[0], (BusAccess{0x20, 8, 0x4142434445464748}));
}

TEST(Lvz, MmioOfTheGuestIsEmulatedByRoot) {
    // The loop of a hypervisor: a store and a sign-extended load of a device that is not there.
    LvzMachine machine;
    Program guest{guest_base};
    guest.li(a0, hole).li(a1, 0x5a).op(Insn::st_b, {.rd = a1, .rj = a0, .imm = 3});
    guest.op(Insn::ld_b, {.rd = a2, .rj = a0, .imm = 4}).op(Insn::hvcl);
    const GuestExit store = machine.run_guest(guest);
    EXPECT_EQ(store.reason, Exception::PIS);
    EXPECT_EQ(store.address, hole + 3);
    EXPECT_EQ(machine.gpr(static_cast<std::uint8_t>(store.word & 31)), 0x5au);
    const GuestExit load = machine.run_guest(store.pc + 4);
    EXPECT_EQ(load.reason, Exception::PIL);
    EXPECT_EQ(load.address, hole + 4);
    machine.gpr(static_cast<std::uint8_t>(load.word & 31)) = UINT64_MAX;
    EXPECT_EQ(machine.run_guest(load.pc + 4).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a2), UINT64_MAX);
}

TEST(Lvz, Row18RootsAsidDoesNotMatterToStageTwo) {
    LvzMachine machine;
    machine.change(asid::number, 5, asid::ASID::mask);
    EXPECT_EQ(machine.run_guest(load_at(data)).reason, Exception::HVC);
    machine.change(asid::number, 9, asid::ASID::mask);
    machine.stop_at_refills(true);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
}

TEST(Lvz, Row19DirectAddressingGoesThroughStageTwo) {
    LvzMachine machine;
    machine.write<std::uint64_t>(data_memory, 0x1234);
    machine.stop_at_refills(true);
    const GuestExit exit = machine.run_guest(load_at(data));
    EXPECT_EQ(exit.reason, Exception::TLBR);  // the fetch
    EXPECT_EQ(exit.address, guest_base);
    machine.stop_at_refills(false);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x1234u);
    // Bits above PALEN do not count.
    EXPECT_EQ(machine.run_guest(load_at(data | 0xf000000000000000)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 0x1234u);
}

TEST(Lvz, HugePagesOfStageTwoAreSplitIntoHalves) {
    LvzMachine machine;
    constexpr std::uint64_t gpa = 0x80000000;
    machine.stage2.set(gpa, LvzMachine::second_memory | LvzMachine::page_bits | PageTables::huge);
    for (const std::uint64_t offset : {0x0u, 0x1000u, 0xfff78u, 0x100000u, 0x1ffff8u}) {
        machine.write<std::uint64_t>(LvzMachine::second_memory + offset, offset + 1);
        EXPECT_EQ(machine.run_guest(load_at(gpa + offset)).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), offset + 1);
        EXPECT_EQ(machine.run_guest(store_at(gpa + offset, offset + 2)).reason, Exception::HVC);
        EXPECT_EQ(machine.read<std::uint64_t>(LvzMachine::second_memory + offset), offset + 2);
    }
    machine.change(gtlbc::number, 1 << 16, gtlbc::TGID::mask);
    machine.set(tlbehi::number, gpa + 0x100000);
    machine.root(Insn::tlbsrch);
    EXPECT_GE(tlbidx::Index::get(machine.get(tlbidx::number)), 2048u);  // the MTLB
    machine.root(Insn::tlbrd);
    EXPECT_EQ(tlbidx::PS::get(machine.get(tlbidx::number)), 20u);
}

}  // namespace
}  // namespace lkvm::test
