// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: which TLB entries each invtlb operation takes.
#include <array>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/lvz_machine.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t guest_base = LvzMachine::guest_base;
constexpr std::uint64_t page = LvzMachine::page_bits;
constexpr std::uint64_t global = tlbelo::G::mask;

/// Two guests' entries of all kinds, and root's: no more than the ways of a set of the STLB.
struct Entries {
    static constexpr std::uint64_t va = 0x7004000;
    static constexpr std::uint64_t global_va = 0x7100000;

    LvzMachine machine;

    Entries() {
        for (const unsigned gid : {1u, 2u}) {
            machine.fill_stage2(gid, {.address = va, .even = page, .odd = page, .asid = 7});
            machine.fill_stage2(gid, {.address = global_va, .even = page, .odd = page});
            for (const unsigned asid : {1u, 2u}) {
                machine.fill_stage1(gid, {.address = va, .even = page, .odd = page, .asid = asid});
            }
            machine.fill_stage1(
                gid, {.address = global_va, .even = page | global, .odd = page | global});
        }
        for (const unsigned asid : {1u, 2u}) {
            machine.fill_stage2(0, {.address = va, .even = page, .odd = page, .asid = asid});
        }
        machine.fill_stage2(0, {.address = global_va, .even = page | global, .odd = page | global});
    }
    [[nodiscard]] bool root_has(std::uint64_t address, unsigned asid) {
        machine.change(asid::number, asid, asid::ASID::mask);
        return machine.has_stage2(0, address);
    }
    /// One letter per entry that is there: stage 2 (page, global_va), stage 1 (asid 1, asid 2,
    /// global) of `gid`.
    [[nodiscard]] std::string of(unsigned gid) {
        std::string text;
        if (machine.has_stage2(gid, va)) text += 'P';
        if (machine.has_stage2(gid, global_va)) text += 'Q';
        if (machine.has_stage1(gid, va, 1)) text += '1';
        if (machine.has_stage1(gid, va, 2)) text += '2';
        if (machine.has_stage1(gid, global_va, 3)) text += 'g';
        return text;
    }
    [[nodiscard]] std::string of_root() {
        std::string text;
        if (root_has(va, 1)) text += '1';
        if (root_has(va, 2)) text += '2';
        if (root_has(global_va, 3)) text += 'g';
        return text;
    }
};

TEST(Lvz, EntriesBelongToOneGuestAndOneStage) {
    Entries entries;
    for (const unsigned gid : {1u, 2u}) EXPECT_EQ(entries.of(gid), "PQ12g");
    EXPECT_EQ(entries.of(3), "");
    EXPECT_EQ(entries.of_root(), "12g");
    EXPECT_FALSE(entries.machine.has_stage1(1, Entries::va, 3));
    EXPECT_FALSE(entries.root_has(Entries::va, 3));
}

TEST(Lvz, InvtlbOfOneGuestTakesNothingFromOthers) {
    struct Case {
        std::int32_t op;
        std::uint64_t asid;
        std::uint64_t address;
        const char* left;  ///< of guest 2
    };
    constexpr std::uint64_t odd = Entries::va + 0x1000;  // the other page of the pair
    for (const Case& one : {
             Case{0x9, 0, 0, "PQ"},
             Case{0xa, 0, 0, "PQ12"},
             Case{0xb, 0, 0, "PQg"},
             Case{0xc, 1, 0, "PQ2g"},
             Case{0xc, 3, 0, "PQ12g"},
             Case{0xd, 2, odd, "PQ1g"},
             Case{0xd, 2, Entries::global_va, "PQ12g"},
             Case{0xe, 2, odd, "PQ1g"},
             Case{0xe, 2, Entries::global_va, "PQ12"},
             Case{0x13, 0, 0, "PQ"},
             Case{0x14, 0, 0, "12g"},
             Case{0x15, 0, 0, ""},
             Case{0x16, 0, odd, "Q12g"},
             Case{0x16, 0, odd + 0x1000, "PQ12g"},
         }) {
        Entries entries;
        entries.machine.invalidate(one.op, 2 << 16 | one.asid, one.address);
        EXPECT_EQ(entries.of(2), one.left) << std::hex << one.op;
        EXPECT_EQ(entries.of(1), "PQ12g") << std::hex << one.op;
        EXPECT_EQ(entries.of_root(), "12g") << std::hex << one.op;
    }
}

TEST(Lvz, InvtlbOfAllGuestsTakesTheirKind) {
    struct Case {
        std::int32_t op;
        const char* left;
    };
    for (const Case& one : {Case{0x10, "PQ"}, Case{0x11, "12g"}, Case{0x12, ""}}) {
        Entries entries;
        entries.machine.invalidate(one.op);
        for (const unsigned gid : {1u, 2u}) EXPECT_EQ(entries.of(gid), one.left) << one.op;
    }
}

TEST(Lvz, InvtlbOfRootTakesItsOwnEntriesAndOp0All) {
    struct Case {
        std::int32_t op;
        std::uint64_t asid;
        std::uint64_t address;
        const char* left;
    };
    for (const Case& one : {
             Case{1, 0, 0, ""},
             Case{2, 0, 0, "12"},
             Case{3, 0, 0, "g"},
             Case{4, 1, 0, "2g"},
             Case{5, 1, Entries::va, "2g"},
             Case{5, 1, Entries::global_va, "12g"},
             Case{6, 1, Entries::global_va, "12"},
         }) {
        Entries entries;
        entries.machine.invalidate(one.op, one.asid, one.address);
        EXPECT_EQ(entries.of_root(), one.left) << one.op;
        EXPECT_EQ(entries.of(1), "PQ12g") << one.op;
    }
    Entries entries;
    entries.machine.invalidate(0);
    EXPECT_EQ(entries.of_root(), "");
    EXPECT_EQ(entries.of(1), "");
    EXPECT_EQ(entries.of(2), "");
}

TEST(Lvz, InvtlbOfRootWithTgidIsAboutThatGuestsStageTwo) {
    Entries entries;
    entries.machine.change(gtlbc::number, 2 << 16, gtlbc::TGID::mask);
    entries.machine.invalidate(1);
    EXPECT_EQ(entries.of(2), "12g");
    EXPECT_EQ(entries.of(1), "PQ12g");
    EXPECT_EQ(entries.of_root(), "12g");
}

TEST(Lvz, InvtlbOpsThatDoNotExistRaiseIne) {
    LvzMachine machine;
    for (const std::int32_t op : {7, 8, 0xf, 0x17, 0x1f}) {
        machine.set(estat::number, 0);
        machine.invalidate(op);
        EXPECT_EQ(estat::Ecode::get(machine.get(estat::number)), ecode(Exception::INE)) << op;
    }
}

TEST(Lvz, InvtlbOfTheGuestTakesItsOwnEntriesOnly) {
    for (const std::int32_t op : {0, 1}) {
        Entries entries;
        Program guest{guest_base};
        guest.op(Insn::invtlb, {.imm = op}).op(Insn::hvcl);
        entries.machine.select(2, entries.machine.stage2);
        EXPECT_EQ(entries.machine.run_guest(guest).reason, Exception::HVC);
        EXPECT_EQ(entries.of(2), "PQ");
        EXPECT_EQ(entries.of(1), "PQ12g");
        EXPECT_EQ(entries.of_root(), "12g");
    }
    struct Case {
        std::int32_t op;
        std::uint64_t address;
        const char* left;
    };
    for (const Case& one : {Case{2, 0, "PQ12"}, Case{3, 0, "PQg"}, Case{4, 0, "PQ2g"},
                            Case{5, Entries::va, "PQ2g"}, Case{6, Entries::global_va, "PQ12"}}) {
        Entries entries;
        Program guest{guest_base};
        guest.li(t0, 1).li(t1, one.address);
        guest.op(Insn::invtlb, {.rj = t0, .rk = t1, .imm = one.op}).op(Insn::hvcl);
        entries.machine.select(2, entries.machine.stage2);
        EXPECT_EQ(entries.machine.run_guest(guest).reason, Exception::HVC);
        EXPECT_EQ(entries.of(2), one.left) << one.op;
        EXPECT_EQ(entries.of(1), "PQ12g") << one.op;
        EXPECT_EQ(entries.of_root(), "12g") << one.op;
    }
}

}  // namespace
}  // namespace lkvm::test
