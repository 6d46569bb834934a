// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: stale translations, TLB instructions and guest identifiers.
#include <array>
#include <cstdint>
#include <span>

#include <gtest/gtest.h>

#include "tests/support/lvz_paging_guest.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t guest_base = LvzMachine::guest_base;
constexpr std::uint64_t page = LvzMachine::page_bits;
constexpr std::uint64_t data = PagingGuest::data;
constexpr std::uint64_t data_memory = PagingGuest::data_memory;
constexpr std::uint64_t other_memory = LvzMachine::guest_memory + 0x20000;
constexpr std::uint64_t window = PagingGuest::window;

Program load_at(std::uint64_t address) {
    Program guest{guest_base};
    guest.li(a0, address).op(Insn::ld_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    return guest;
}

TEST(Lvz, Row15InvtlbPageFlushRemovesInvalidAndHugeEntries) {
    LvzMachine machine;
    constexpr std::uint64_t gpa = 0x20000000;
    for (const unsigned asid : {0u, 5u}) {
        machine.fill_stage2(1, {.address = gpa, .asid = asid});  // V = 0
        EXPECT_TRUE(machine.has_stage2(1, gpa + 0x1000));
        machine.change(asid::number, 9, asid::ASID::mask);
        machine.invalidate(0x16, 1 << 16, gpa);
        EXPECT_FALSE(machine.has_stage2(1, gpa));
    }
    for (const std::uint64_t at : {std::uint64_t{0}, PageTables::huge_bytes - 0x2000}) {
        machine.fill_stage2(1, {.address = gpa, .even = page, .odd = page, .size_bits = 20});
        EXPECT_TRUE(machine.has_stage2(1, gpa + 0x1ff000));
        machine.invalidate(0x16, 1 << 16, gpa + PageTables::huge_bytes);
        EXPECT_TRUE(machine.has_stage2(1, gpa + 0x1ff000));
        machine.invalidate(0x16, 1 << 16, gpa + at);
        EXPECT_FALSE(machine.has_stage2(1, gpa));
    }
}

TEST(Lvz, Row15InvtlbPageFlushRemovesWhatWasDerivedFromThePage) {
    PagingGuest machine;
    machine.write<std::uint64_t>(data_memory, 1);
    machine.write<std::uint64_t>(other_memory, 2);
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | page);
    // Through the guest's own mapping and through its window; loads, then code.
    for (const std::uint64_t address : {va, window | data}) {
        machine.stage2.set(data, data_memory | page);
        machine.invalidate(0x16, 1 << 16, data);
        EXPECT_EQ(machine.run_paged(load_at(address)).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), 1u);
        machine.stage2.set(data, other_memory | page);
        machine.invalidate(0x16, 1 << 16, data);
        EXPECT_EQ(machine.run_guest(window | guest_base).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), 2u);
    }
    Program code{guest_base};
    code.op(Insn::hvcl, {.imm = 3});
    machine.write<std::uint32_t>(data_memory, code.words()[0]);
    code.op(Insn::hvcl, {.imm = 4});
    machine.write<std::uint32_t>(other_memory, code.words()[1]);
    EXPECT_EQ(machine.run_guest(va).word & 0x7fff, 4u);
    machine.stage2.set(data, data_memory | page);
    machine.invalidate(0x16, 1 << 16, data);
    EXPECT_EQ(machine.run_guest(va).word & 0x7fff, 3u);
    machine.stage2.set(data, 0);
    machine.invalidate(0x16, 1 << 16, data);
    EXPECT_EQ(machine.run_guest(va).reason, Exception::PIF);
}

TEST(Lvz, Row15SplitOfAHugePageWithDirtyLogging) {
    // KVM: a huge mapping becomes 4 KiB pages that are clean, then the page flush.
    LvzMachine machine;
    constexpr std::uint64_t gpa = 0x80000000;
    machine.stage2.set(gpa, LvzMachine::second_memory | page | PageTables::huge);
    Program guest{guest_base};
    guest.li(a0, gpa + 0x5000).li(a1, 1).op(Insn::st_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    PageTables split{machine, LvzMachine::free_memory + 0x20000};
    machine.map_range(split, guest_base, LvzMachine::guest_memory, LvzMachine::guest_size);
    for (std::uint64_t at = 0; at < PageTables::huge_bytes; at += 0x1000) {
        split.set(gpa + at, (LvzMachine::second_memory + at) | (page & ~tlbelo::D::mask));
    }
    machine.select(1, split);
    machine.invalidate(0x16, 1 << 16, gpa);
    const GuestExit exit = machine.run_guest(guest_base);
    EXPECT_EQ(exit.reason, Exception::PME);
    EXPECT_EQ(exit.address, gpa + 0x5000);
}

TEST(Lvz, Row16InvtlbAllGuestsRemovesEverythingOfAllGids) {
    LvzMachine machine;
    machine.map_range(machine.second_stage2, guest_base, LvzMachine::second_memory, 0x10000);
    machine.write<std::uint64_t>(data_memory, 1);
    machine.write<std::uint64_t>(LvzMachine::second_memory + 0x8000, 2);
    machine.load_guest(load_at(data), LvzMachine::second_memory);
    EXPECT_EQ(machine.run_guest(load_at(data)).reason, Exception::HVC);
    machine.select(2, machine.second_stage2);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    machine.fill_stage2(255, {.address = guest_base, .even = page, .odd = page});
    machine.fill_stage2(1, {.address = 0x80000000, .even = page, .odd = page, .size_bits = 20});
    machine.invalidate(0x12);
    machine.stop_at_refills(true);
    for (const unsigned gid : {1u, 2u, 255u}) EXPECT_FALSE(machine.has_stage2(gid, guest_base));
    EXPECT_FALSE(machine.has_stage2(1, 0x80000000));
    for (const unsigned gid : {1u, 2u}) {
        machine.select(gid, machine.stage2);
        EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::TLBR) << gid;
    }
}

TEST(Lvz, Row17NewGidIsolatesWithoutAnyInvtlb) {
    // The same vCPU goes on under a new identifier after its mappings changed, as KVM flushes.
    PagingGuest machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | page);
    Program code{data};
    code.li(a2, 1).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load_guest(code);
    Program moved{LvzMachine::guest_base + 0x20000};
    moved.li(a2, 2).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load_guest(moved);
    Program guest{guest_base};
    guest.li(a0, va).li(a4, window | (data + 8)).op(Insn::jirl, {.rd = ra, .rj = a0});
    guest.op(Insn::ld_w, {.rd = a1, .rj = a0}).op(Insn::ld_w, {.rd = a3, .rj = a4, .imm = -8});
    guest.op(Insn::hvcl);
    const auto instruction = [](const Program& program) {
        return static_cast<std::uint64_t>(static_cast<std::int32_t>(program.words()[0]));
    };
    for (unsigned gid = 1; gid < 6; ++gid) {
        const bool first = gid % 2 == 1;
        machine.stage2.set(data, (first ? data_memory : other_memory) | page);
        machine.select(gid, machine.stage2);
        EXPECT_EQ(machine.run_paged(guest).reason, Exception::HVC);
        const Program& expected = first ? code : moved;
        EXPECT_EQ(machine.gpr(a2), first ? 1u : 2u) << gid;
        EXPECT_EQ(machine.gpr(a1), instruction(expected)) << gid;
        EXPECT_EQ(machine.gpr(a3), instruction(expected)) << gid;
    }
    // Also when the page is gone.
    machine.stage2.set(data, 0);
    machine.select(6, machine.stage2);
    EXPECT_EQ(machine.run_guest(window | guest_base).reason, Exception::PIF);
}

TEST(Lvz, Row17TwoGuestsWithTheSameAddressesAlternate) {
    PagingGuest machine;
    machine.map_range(machine.second_stage2, guest_base, LvzMachine::second_memory,
                      LvzMachine::guest_size);
    // The second guest has the same tables and code, at the same guest-physical addresses.
    constexpr std::uint64_t va = 0x7000000;
    machine.stage1.set(va, data | page);
    Program guest{guest_base};
    guest.li(a0, va).op(Insn::ld_d, {.rd = a1, .rj = a0});
    guest.op(Insn::addi_d, {.rd = a1, .rj = a1, .imm = 2});
    guest.op(Insn::st_d, {.rd = a1, .rj = a0}).op(Insn::hvcl);
    machine.load_guest(guest);
    const auto all = std::span{machine.host(LvzMachine::guest_memory), LvzMachine::guest_size};
    machine.write_bytes(LvzMachine::second_memory, all);
    constexpr std::uint64_t second_data = LvzMachine::second_memory + 0x8000;
    machine.write<std::uint64_t>(data_memory, 100);
    machine.write<std::uint64_t>(second_data, 201);
    for (std::uint64_t round = 1; round <= 5; ++round) {
        machine.select(1, machine.stage2);
        EXPECT_EQ(machine.run_guest(window | guest_base).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), 100 + 2 * round);
        machine.select(2, machine.second_stage2);
        EXPECT_EQ(machine.run_guest(window | guest_base).reason, Exception::HVC);
        EXPECT_EQ(machine.gpr(a1), 201 + 2 * round);
    }
    EXPECT_EQ(machine.read<std::uint64_t>(data_memory), 110u);
    EXPECT_EQ(machine.read<std::uint64_t>(second_data), 211u);
}

TEST(Lvz, GidsWrapWithFewBitsAsKvmAllocatesThem) {
    for (const unsigned bits : {1u, 2u, 3u, 8u}) {
        PagingGuest machine{LvzMachine::with_lvz(bits)};
        const std::uint64_t mask =
            (std::uint64_t{1} << gstat::GIDBIT::get(machine.get(gstat::number))) - 1;
        constexpr std::uint64_t va = 0x7000000;
        machine.stage1.set(va, data | page);
        std::uint64_t last = mask + 1;  // version 1, nothing given away
        for (std::uint64_t round = 0; round < 300; ++round) {
            if (((++last) & mask) == 0) {
                ++last;
                machine.invalidate(0x12);
            }
            const std::uint64_t memory = round % 2 != 0 ? data_memory : other_memory;
            machine.stage2.set(data, memory | page);
            machine.select(static_cast<unsigned>(last & mask), machine.stage2);
            machine.write<std::uint64_t>(memory, round);
            EXPECT_EQ(machine.run_paged(load_at(va)).word, la::encode(Insn::hvcl));
            ASSERT_EQ(machine.gpr(a1), round) << bits;
        }
    }
}

TEST(Lvz, GuestTlbInstructionsWorkOnTheGuestsEntries) {
    PagingGuest machine;
    machine.write<std::uint64_t>(data_memory + 8, 0x88);
    constexpr std::uint64_t va = 0x6000000;
    machine.set_guest(TLBRENTRY, PagingGuest::handler);  // no refills
    machine.set_guest(asid::number, asid::ASIDBITS::put(5, 10));
    Program guest{guest_base};
    guest.set_csr(tlbidx::number, tlbidx::PS::put(0, 12)).set_csr(tlbehi::number, va);
    guest.set_csr(tlbelo::number0, data | page).set_csr(tlbelo::number1, 0);
    guest.op(Insn::tlbfill).li(a0, va + 8).op(Insn::ld_d, {.rd = a1, .rj = a0});
    guest.op(Insn::tlbsrch).csrrd(a2, tlbidx::number);
    guest.set_csr(tlbelo::number0, 0).set_csr(asid::number, 0).op(Insn::tlbrd);
    guest.csrrd(a3, tlbelo::number0).csrrd(a4, asid::number).op(Insn::hvcl);
    EXPECT_EQ(machine.run_paged(guest).word, la::encode(Insn::hvcl));
    EXPECT_EQ(machine.gpr(a1), 0x88u);
    EXPECT_FALSE(tlbidx::NE::get(machine.gpr(a2)));
    EXPECT_EQ(machine.gpr(a3), data | page);
    EXPECT_EQ(asid::ASID::get(machine.gpr(a4)), 5u);
    EXPECT_TRUE(machine.has_stage1(1, va, 5));
}

TEST(Lvz, GuestDoesNotSeeForeignEntries) {
    LvzMachine machine;
    constexpr std::uint64_t va = 0x6000000;
    machine.fill_stage1(2, {.address = va, .even = data | page, .odd = data | page});
    machine.set_guest(tlbehi::number, va);
    machine.change(gtlbc::number, 2 << 16, gtlbc::TGID::mask);
    machine.root(Insn::gtlbsrch);
    const std::uint64_t index = machine.get_guest(tlbidx::number);
    EXPECT_FALSE(tlbidx::NE::get(index));
    // Guest 1 neither finds nor reads nor flushes it.
    Program guest{guest_base};
    guest.set_csr(tlbehi::number, va).op(Insn::tlbsrch).csrrd(a0, tlbidx::number);
    guest.set_csr(tlbidx::number, index).op(Insn::tlbrd).csrrd(a1, tlbidx::number);
    guest.csrrd(a2, tlbehi::number).csrrd(a3, tlbelo::number0);
    guest.set_csr(tlbidx::number, index).op(Insn::tlbclr).op(Insn::tlbflush).op(Insn::hvcl);
    EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC);
    EXPECT_TRUE(tlbidx::NE::get(machine.gpr(a0)));
    EXPECT_TRUE(tlbidx::NE::get(machine.gpr(a1)));
    EXPECT_EQ(machine.gpr(a2), 0u);
    EXPECT_EQ(machine.gpr(a3), 0u);
    EXPECT_TRUE(machine.has_stage1(2, va));
}

TEST(Lvz, GtlbInstructionsOfRootWorkOnTheGuestOfTgid) {
    LvzMachine machine;
    constexpr std::uint64_t va = 0x6000000;
    machine.change(gtlbc::number, 3 << 16, gtlbc::TGID::mask);
    machine.set_guest(tlbidx::number, tlbidx::PS::put(2100, 20));
    machine.set_guest(tlbehi::number, va);
    machine.set_guest(tlbelo::number0, 0x100013).set_guest(tlbelo::number1, 0x200013);
    machine.change_guest(asid::number, 6, asid::ASID::mask);
    machine.root(Insn::gtlbwr);
    EXPECT_TRUE(machine.has_stage1(3, va + 0x100000, 6));
    EXPECT_FALSE(machine.has_stage1(1, va, 6));
    // Read back through the guest's registers.
    machine.change(gtlbc::number, 3 << 16, gtlbc::TGID::mask);
    machine.set_guest(tlbidx::number, 2100).set_guest(tlbelo::number1, 0);
    machine.root(Insn::gtlbrd);
    EXPECT_EQ(tlbidx::PS::get(machine.get_guest(tlbidx::number)), 20u);
    EXPECT_EQ(machine.get_guest(tlbelo::number1), 0x200013u);
    EXPECT_EQ(asid::ASID::get(machine.get_guest(asid::number)), 6u);
    // Root reads any entry, and TRGP says whose it is.
    machine.set(tlbidx::number, 2100);
    machine.root(Insn::tlbrd);
    EXPECT_EQ(machine.get(tlbelo::number1), 0x200013u);
    EXPECT_TRUE(trgp::GTLB::get(machine.get(trgp::number)));
    EXPECT_EQ(trgp::RID::get(machine.get(trgp::number)), 3u);
    machine.root(Insn::gtlbflush);
    EXPECT_FALSE(machine.has_stage1(3, va, 6));
    machine.fill_stage1(3, {.address = va, .even = page, .odd = page, .asid = 6});
    machine.change(gtlbc::number, 3 << 16, gtlbc::TGID::mask);
    machine.set_guest(tlbehi::number, va);
    machine.change_guest(asid::number, 6, asid::ASID::mask);
    machine.root(Insn::gtlbsrch);
    machine.root(Insn::gtlbclr);
    EXPECT_FALSE(machine.has_stage1(3, va, 6));
}

TEST(Lvz, FillReplacesOverlappingEntriesOfTheSameGuest) {
    LvzMachine machine;
    constexpr std::uint64_t gpa = 0x80000000;
    machine.fill_stage2(1, {.address = gpa + 0x2000, .even = page, .odd = page, .asid = 1});
    machine.fill_stage2(2, {.address = gpa + 0x2000, .even = page, .odd = page, .asid = 1});
    machine.fill_stage1(1, {.address = gpa + 0x2000, .even = page, .odd = page, .asid = 1});
    machine.fill_stage2(1, {.address = gpa, .even = page, .odd = page, .size_bits = 20, .asid = 2});
    machine.invalidate(0x16, 1 << 16, gpa + 0x10000);  // the huge one
    EXPECT_FALSE(machine.has_stage2(1, gpa + 0x2000));
    EXPECT_TRUE(machine.has_stage2(2, gpa + 0x2000));
    EXPECT_TRUE(machine.has_stage1(1, gpa + 0x2000, 1));
}

TEST(Lvz, ReplacedStageTwoEntryIsNotUsedAnyMore) {
    LvzMachine machine;
    machine.write<std::uint64_t>(data_memory, 1);
    machine.write<std::uint64_t>(other_memory, 2);
    EXPECT_EQ(machine.run_guest(load_at(data)).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 1u);
    machine.fill_stage2(1, {.address = data, .even = other_memory | page, .odd = 0});
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 2u);
    // And by index.
    machine.change(gtlbc::number, 1 << 16, gtlbc::TGID::mask);
    machine.set(tlbehi::number, data);
    machine.root(Insn::tlbsrch);
    machine.change(tlbidx::number, tlbidx::PS::put(0, 12), tlbidx::PS::mask);
    machine.set(tlbelo::number0, data_memory | page).set(tlbelo::number1, 0);
    machine.root(Insn::tlbwr);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::HVC);
    EXPECT_EQ(machine.gpr(a1), 1u);
}

TEST(Lvz, RootsTranslationsUseTheGidRule) {
    LvzMachine machine;
    constexpr std::uint64_t va = 0x7000000;
    machine.write<std::uint64_t>(data_memory, 0x10);
    machine.write<std::uint64_t>(other_memory, 0x20);
    machine.fill_stage2(0, {.address = va, .even = data_memory | page, .odd = data_memory | page});
    machine.fill_stage2(4,
                        {.address = va, .even = other_memory | page, .odd = other_memory | page});
    machine.gpr(a0) = va;
    const auto load = [&] {
        machine.gpr(a1) = 0;
        machine.root(Insn::ld_d, {.rd = a1, .rj = a0});
        return machine.gpr(a1);
    };
    // USETGID: TGID, which is 4 and then 0 again.
    machine.change(gtlbc::number, 4 << 16, gtlbc::TGID::mask);
    EXPECT_EQ(load(), 0x20u);
    machine.change(gtlbc::number, 0, gtlbc::TGID::mask);
    EXPECT_EQ(load(), 0x10u);
    // Without it the identifier of the guest, but only while PVM says that one was there.
    machine.select(4, machine.stage2);
    machine.change(gtlbc::number, 0, gtlbc::USETGID::mask);
    machine.change(gstat::number, UINT64_MAX, gstat::PVM::mask);
    machine.invalidate(6, 0, 0x123000);  // of guest 4; nothing there
    machine.set(tlbehi::number, va);
    machine.set(tlbelo::number0, 0);
    machine.root(Insn::tlbsrch);
    machine.root(Insn::tlbrd);
    EXPECT_EQ(machine.get(tlbelo::number0), other_memory | page);
    machine.change(gstat::number, 0, gstat::PVM::mask);
    machine.set(tlbehi::number, va);
    machine.root(Insn::tlbsrch);
    machine.root(Insn::tlbrd);
    EXPECT_EQ(machine.get(tlbelo::number0), data_memory | page);
}

TEST(Lvz, PageSizeOfTheStlbBelongsToItsWorld) {
    PagingGuest machine;
    // Root fills 4 KiB pages, the guest 16 KiB ones: PTbase 14 and 11 bits, as Linux.
    machine.set_guest(stlbps::number, 14);
    constexpr std::uint64_t va = 0x7000000;
    machine.set_guest(TLBRENTRY, PagingGuest::handler);
    machine.write<std::uint64_t>(LvzMachine::guest_memory + 0xb008, 0x77);
    machine.fill_stage1(1, {.address = va,
                            .even = (guest_base + 0x8000) | page,
                            .odd = (guest_base + 0x4000) | page,
                            .size_bits = 14});
    EXPECT_EQ(machine.run_paged(load_at(va + 0x3008)).word, la::encode(Insn::hvcl));
    EXPECT_EQ(machine.gpr(a1), 0x77u);
    // Found again after root changed its own.
    machine.set(stlbps::number, 21);
    EXPECT_TRUE(machine.has_stage1(1, va + 0x7000));
}

}  // namespace
}  // namespace lkvm::test
