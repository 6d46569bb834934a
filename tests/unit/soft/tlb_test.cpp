// SPDX-License-Identifier: GPL-2.0-or-later
// TLB instructions and the rules of lookups. LA Vol.1 §4.2.4, §5.4.
#include "loongarch/soft/tlb.hpp"

#include <cstdint>
#include <optional>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;
namespace lo = csr::tlbelo;

constexpr std::uint64_t page = 0x40000000;
constexpr std::uint64_t ne = csr::tlbidx::NE::mask;
constexpr std::uint64_t global = lo::G::mask;

class TlbInstructions : public CpuTest {
protected:
    TlbInstructions() { map(); }

    void set_asid(unsigned asid) { cpu.write_csr(csr::asid::number, asid); }
    /// tlbfill of a pair whose pages are at `physical` and behind it.
    void fill(std::uint64_t address, std::uint64_t physical, unsigned page_bits = 14,
              std::uint64_t bits = user_page) {
        map_pair(address, physical | bits, (physical + (std::uint64_t{1} << page_bits)) | bits,
                 page_bits);
    }
    /// Index of the entry for `address` with the current ASID.
    std::optional<unsigned> search(std::uint64_t address) {
        cpu.write_csr(csr::tlbehi::number, address);
        cpu.write_csr(csr::tlbidx::number, 0);
        execute(Insn::tlbsrch);
        const std::uint64_t index = cpu.csr(csr::tlbidx::number);
        if (csr::tlbidx::NE::get(index)) return std::nullopt;
        return csr::tlbidx::Index::get(index);
    }
    bool present(std::uint64_t address, unsigned asid) {
        set_asid(asid);
        return search(address).has_value();
    }
    /// What a load of 8 bytes gives; nothing if it missed in the TLB.
    std::optional<std::uint64_t> load(std::uint64_t address) {
        cpu.gpr[a0] = address;
        execute(Insn::ld_d, {.rd = a1, .rj = a0});
        if (raised_refill()) {
            return_to(0);
            return std::nullopt;
        }
        EXPECT_TRUE(went_on()) << ecode();
        return cpu.gpr[a1];
    }
    void invalidate(unsigned operation, std::uint64_t asid = 0, std::uint64_t address = 0) {
        cpu.gpr[a2] = asid;
        cpu.gpr[a3] = address;
        execute(Insn::invtlb, {.rj = a2, .rk = a3, .imm = static_cast<std::int32_t>(operation)});
        EXPECT_TRUE(went_on());
    }
    void select(unsigned index) { cpu.write_csr(csr::tlbidx::number, index); }
};

// --- tlbsrch, tlbrd, tlbwr -----------------------------------------------------------------------

TEST_F(TlbInstructions, SearchTellsIndexOrNothing) {
    EXPECT_FALSE(search(page).has_value());
    EXPECT_EQ(cpu.csr(csr::tlbidx::number) & ne, ne);
    fill(page, data & ~std::uint64_t{0x3fff});
    const auto found = search(page);
    ASSERT_TRUE(found.has_value());
    EXPECT_GE(*found, la::Tlb::stlb_entries);  // 16 KiB pages, STLBPS is 12: MTLB
    EXPECT_EQ(search(page + 0x7fff), found);   // both pages of the pair
    EXPECT_FALSE(search(page + 0x8000).has_value());
    EXPECT_FALSE(search(page - 0x2000).has_value());
}

TEST_F(TlbInstructions, SearchChangesOnlyIndexAndNe) {
    fill(page, data & ~std::uint64_t{0x3fff});
    cpu.write_csr(csr::tlbehi::number, page);
    cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(ne, 21) | 5);
    execute(Insn::tlbsrch);
    const std::uint64_t index = cpu.csr(csr::tlbidx::number);
    EXPECT_FALSE(csr::tlbidx::NE::get(index));
    EXPECT_EQ(csr::tlbidx::PS::get(index), 21u);
    EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), page);
    // A miss keeps the index.
    cpu.write_csr(csr::tlbehi::number, 2 * page);
    cpu.write_csr(csr::tlbidx::number, 5);
    execute(Insn::tlbsrch);
    EXPECT_EQ(cpu.csr(csr::tlbidx::number), ne | 5);
}

TEST_F(TlbInstructions, WriteAndReadAreInverse) {
    set_asid(0x155);
    const std::uint64_t even = 0x0000123456780000 | user_page | lo::NX::mask;
    const std::uint64_t odd = 0x0000fedcba980000 | lo::V::mask | lo::RPLV::mask | lo::NR::mask;
    for (const unsigned index : {0u, 5u, 255u, 256u, 2047u, 2048u, 2111u}) {
        // In the STLB the set must be that of the address: 4 KiB pages, 256 sets.
        const std::uint64_t address = 0xffff800000000000 | (std::uint64_t{index % 256} << 13);
        cpu.write_csr(csr::tlbehi::number, address);
        cpu.write_csr(csr::tlbelo::number0, even);
        cpu.write_csr(csr::tlbelo::number1, odd);
        cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(index, 12));
        execute(Insn::tlbwr);
        EXPECT_EQ(search(address), index);

        cpu.write_csr(csr::tlbehi::number, 0);
        cpu.write_csr(csr::tlbelo::number0, 0);
        cpu.write_csr(csr::tlbelo::number1, 0);
        set_asid(3);
        cpu.write_csr(csr::tlbidx::number, ne | index);
        execute(Insn::tlbrd);
        EXPECT_EQ(cpu.csr(csr::tlbidx::number), csr::tlbidx::PS::put(index, 12));
        EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), address);
        EXPECT_EQ(cpu.read_csr(csr::tlbelo::number0), even);
        EXPECT_EQ(cpu.read_csr(csr::tlbelo::number1), odd);
        EXPECT_EQ(cpu.read_csr(csr::asid::number), 0xa0155u);
        invalidate(0);
    }
}

TEST_F(TlbInstructions, ReadOfAnEmptyEntryClearsTheRegisters) {
    set_asid(9);
    cpu.write_csr(csr::tlbehi::number, page);
    cpu.write_csr(csr::tlbelo::number0, UINT64_MAX);
    cpu.write_csr(csr::tlbelo::number1, UINT64_MAX);
    cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(7, 14));
    execute(Insn::tlbrd);
    EXPECT_EQ(cpu.csr(csr::tlbidx::number), ne | 7);
    EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), 0u);
    EXPECT_EQ(cpu.read_csr(csr::tlbelo::number0), 0u);
    EXPECT_EQ(cpu.read_csr(csr::tlbelo::number1), 0u);
}

TEST_F(TlbInstructions, SurviveIndexesOutsideTheTlb) {
    for (const unsigned index : {2112u, 4095u}) {
        select(index);
        execute(Insn::tlbwr);
        EXPECT_TRUE(went_on());
        execute(Insn::tlbrd);
        EXPECT_TRUE(went_on());
        execute(Insn::tlbclr);
        EXPECT_TRUE(went_on());
    }
}

TEST_F(TlbInstructions, SurvivePageSizesOutsideTheManual) {
    for (const unsigned bits : {0u, 1u, 11u, 30u, 47u, 48u, 63u}) {
        fill(page, 0, bits, 0);
        fill(0xffff800000000000, 0, bits, user_page);
        cpu.gpr[a0] = page;
        execute(Insn::ld_d, {.rd = a1, .rj = a0});
        // The largest ones also translate the other half's addresses.
        EXPECT_TRUE(raised_refill() || raised(Exception::PIL) || (bits > 30 && went_on())) << bits;
        return_to(0);
        invalidate(5, 0, page);
    }
    invalidate(0);
}

TEST_F(TlbInstructions, WriteOfAnEmptyEntryRemovesOnlyTheOneAtTheIndex) {
    fill(page, data & ~std::uint64_t{0x3fff});
    const auto index = search(page);
    ASSERT_TRUE(index.has_value());
    cpu.write_csr(csr::tlbehi::number, page);
    cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(ne | 2100, 14));
    execute(Insn::tlbwr);
    EXPECT_EQ(search(page), index);
    cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(ne | *index, 14));
    execute(Insn::tlbwr);
    EXPECT_FALSE(search(page).has_value());
}

TEST_F(TlbInstructions, InRefillTheyUseItsRegisters) {
    cpu.write_csr(csr::tlbrera::number, 1);
    cpu.write_csr(csr::tlbrehi::number, page | 14);
    cpu.write_csr(csr::TLBRELO0, (data & ~std::uint64_t{0x3fff}) | user_page);
    cpu.write_csr(csr::TLBRELO1, 0);
    // What the other set of registers says must not matter; NE neither.
    cpu.write_csr(csr::tlbehi::number, 0x7000);
    cpu.write_csr(csr::tlbelo::number0, 0);
    cpu.write_csr(csr::tlbelo::number1, 0);
    cpu.write_csr(csr::tlbidx::number, csr::tlbidx::PS::put(ne | 2050, 21));
    execute(Insn::tlbwr);
    execute(Insn::tlbsrch);
    EXPECT_EQ(cpu.csr(csr::tlbidx::number), csr::tlbidx::PS::put(2050, 21));
    // tlbrd always gives to the first set.
    execute(Insn::tlbrd);
    EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), page);
    EXPECT_EQ(cpu.read_csr(csr::tlbelo::number0), (data & ~std::uint64_t{0x3fff}) | user_page);
    EXPECT_EQ(cpu.csr(csr::tlbidx::number), csr::tlbidx::PS::put(2050, 14));
    EXPECT_EQ(cpu.read_csr(csr::tlbrehi::number), page | 14);
    cpu.write_csr(csr::tlbrera::number, 0);
    machine.write<std::uint64_t>(data, 77);
    EXPECT_EQ(load(page + (data & 0x3fff)), 77u);
}

// --- tlbfill: STLB and MTLB ----------------------------------------------------------------------

TEST_F(TlbInstructions, FillChoosesStlbByPageSize) {
    cpu.write_csr(csr::stlbps::number, 14);
    fill(page, ram, 14);
    const auto small = search(page);
    ASSERT_TRUE(small.has_value());
    EXPECT_LT(*small, la::Tlb::stlb_entries);
    EXPECT_EQ(*small % la::Tlb::sets, (page >> 15) % la::Tlb::sets);
    fill(2 * page, ram, 21);
    const auto huge = search(2 * page);
    ASSERT_TRUE(huge.has_value());
    EXPECT_GE(*huge, la::Tlb::stlb_entries);
}

TEST_F(TlbInstructions, HoldsEightPairsOfOneSetAndReplacesOneByTheNinth) {
    cpu.write_csr(csr::stlbps::number, 14);
    const auto address = [](unsigned i) { return page + i * (std::uint64_t{256} << 15); };
    for (unsigned i = 0; i < 8; ++i) fill(address(i), ram, 14);
    for (unsigned i = 0; i < 8; ++i) EXPECT_TRUE(search(address(i)).has_value()) << i;
    fill(address(8), ram, 14);
    unsigned left = 0;
    for (unsigned i = 0; i < 9; ++i) left += search(address(i)).has_value() ? 1 : 0;
    EXPECT_EQ(left, 8u);
    EXPECT_TRUE(search(address(8)).has_value());
}

TEST_F(TlbInstructions, HoldsSixtyFourPairsInTheMtlb) {
    const auto address = [](unsigned i) { return page + i * std::uint64_t{0x400000}; };
    for (unsigned i = 0; i < 65; ++i) fill(address(i), ram, 21);
    unsigned left = 0;
    for (unsigned i = 0; i < 65; ++i) left += search(address(i)).has_value() ? 1 : 0;
    EXPECT_EQ(left, 64u);
    EXPECT_TRUE(search(address(64)).has_value());
}

TEST_F(TlbInstructions, FillOfTheSamePageReplacesIt) {
    machine.write<std::uint64_t>(ram + 0x100000, 1);
    machine.write<std::uint64_t>(ram + 0x104000, 2);
    fill(page, ram + 0x100000, 14);
    EXPECT_EQ(load(page), 1u);
    fill(page, ram + 0x104000, 14);
    EXPECT_EQ(load(page), 2u);
    invalidate(5, 0, page);
    EXPECT_EQ(load(page), std::nullopt);
}

TEST_F(TlbInstructions, TranslatesThroughPagesOfEverySize) {
    machine.write<std::uint64_t>(ram + 0x1238, 42);
    for (const unsigned bits : {12u, 13u, 14u, 16u, 20u, 21u, 25u, 28u}) {
        const std::uint64_t size = std::uint64_t{1} << bits;
        const std::uint64_t address = 0x100000000000 & ~(2 * size - 1);
        // The bits of PPN below the page size may be anything.
        const std::uint64_t frame =
            (ram & ~(size - 1)) | ((size - 1) & 0x1000 & ~std::uint64_t{0xfff});
        map_pair(address, frame | user_page, frame | user_page, bits);
        EXPECT_EQ(load(address + ((ram + 0x1238) & (size - 1))),
                  bits == 12 ? machine.read<std::uint64_t>(ram + 0x238) : 42u)
            << bits;
        invalidate(0);
    }
}

TEST_F(TlbInstructions, ChoosesTheHalfOfAPairByTheAddress) {
    machine.write<std::uint64_t>(ram + 0x100000, 1);
    machine.write<std::uint64_t>(ram + 0x200000, 2);
    map_pair(page, (ram + 0x100000) | user_page, (ram + 0x200000) | user_page, 14);
    EXPECT_EQ(load(page), 1u);
    EXPECT_EQ(load(page + 0x4000), 2u);
}

// --- ASID and G ----------------------------------------------------------------------------------

TEST_F(TlbInstructions, MatchesTheAsidUnlessGlobal) {
    set_asid(5);
    fill(page, ram, 14);
    fill(2 * page, ram, 14, user_page | global);
    map_pair(3 * page, ram | user_page | global, ram | user_page, 14);  // G in one half only
    EXPECT_TRUE(present(page, 5));
    EXPECT_FALSE(present(page, 6));
    EXPECT_TRUE(present(2 * page, 6));
    EXPECT_TRUE(present(3 * page, 5));
    EXPECT_FALSE(present(3 * page, 6));
    // Bits of CSR.ASID above the field do not exist.
    EXPECT_TRUE(present(page, 5 | 0x400));
}

TEST_F(TlbInstructions, ReadShowsGlobalInBothHalvesOrNone) {
    fill(page, ram, 14, user_page | global);
    auto index = search(page);
    ASSERT_TRUE(index.has_value());
    select(*index);
    execute(Insn::tlbrd);
    EXPECT_TRUE(lo::G::get(cpu.csr(csr::tlbelo::number0)));
    EXPECT_TRUE(lo::G::get(cpu.csr(csr::tlbelo::number1)));
    map_pair(page, ram | user_page | global, ram | user_page, 14);
    index = search(page);
    ASSERT_TRUE(index.has_value());
    select(*index);
    execute(Insn::tlbrd);
    EXPECT_FALSE(lo::G::get(cpu.csr(csr::tlbelo::number0)));
    EXPECT_FALSE(lo::G::get(cpu.csr(csr::tlbelo::number1)));
}

TEST_F(TlbInstructions, KeepsOneAddressOfTwoAsidsApart) {
    machine.write<std::uint64_t>(ram + 0x100000, 1);
    machine.write<std::uint64_t>(ram + 0x104000, 2);
    set_asid(1);
    fill(page, ram + 0x100000);
    set_asid(2);
    fill(page, ram + 0x104000);
    for (int i = 0; i < 3; ++i) {
        set_asid(1);
        EXPECT_EQ(load(page), 1u);
        set_asid(2);
        EXPECT_EQ(load(page), 2u);
        set_asid(3);
        EXPECT_EQ(load(page), std::nullopt);
    }
}

// --- invtlb, tlbclr, tlbflush --------------------------------------------------------------------

class Invalidation : public TlbInstructions {
protected:
    static constexpr std::uint64_t other = page + 0x10000;

    /// {local of ASID 1, the same at another address, local of ASID 2, global at `global_page`}
    static constexpr std::uint64_t global_page = page + 0x100000;
    void populate() {
        invalidate(0);
        set_asid(1);
        fill(page, ram);
        fill(other, ram);
        fill(global_page, ram, 14, user_page | global);
        set_asid(2);
        fill(page, ram);
        EXPECT_EQ(left(), 0xfu);
    }
    /// Bit i: entry i of the list above is there.
    unsigned left() {
        return (present(page, 1) ? 1u : 0) | (present(other, 1) ? 2u : 0) |
               (present(page, 2) ? 4u : 0) | (present(global_page, 3) ? 8u : 0);
    }
};

TEST_F(Invalidation, ByOperation) {
    struct Row {
        unsigned operation;
        std::uint64_t asid;
        std::uint64_t address;
        unsigned left;
    };
    // clang-format off
    const Row rows[] = {
        {0, 1, page, 0},
        {1, 1, page, 0},
        {2, 0, 0, 0x7},                          // all global
        {3, 0, 0, 0x8},                          // all local
        {4, 1, 0, 0xc},                          // local of the ASID
        {4, 3, 0, 0xf},
        {4, 1 | 0xfc00, 0, 0xc},                 // only bits 9:0 are the ASID
        {5, 1, page, 0xe},                       // local of the ASID at the address
        {5, 1, page + 0x7ffc, 0xe},              // anywhere in the pair
        {5, 2, other, 0xf},
        {5, 1, global_page, 0xf},                // not global ones
        {6, 1, page, 0xe},                       // local of the ASID or global, at the address
        {6, 2, page, 0xb},
        {6, 9, global_page, 0x7},
        {6, 9, page, 0xf},
    };
    // clang-format on
    for (const Row& row : rows) {
        populate();
        set_asid(7);  // the current one does not matter
        invalidate(row.operation, row.asid, row.address);
        EXPECT_EQ(left(), row.left) << "op " << row.operation << " asid " << row.asid << " address "
                                    << std::hex << row.address;
    }
}

TEST_F(Invalidation, ByUndefinedOperationsIsAnUndefinedInstruction) {
    populate();
    for (unsigned operation = 7; operation < 32; ++operation) {
        execute(Insn::invtlb, {.imm = static_cast<std::int32_t>(operation)});
        EXPECT_TRUE(raised(Exception::INE)) << operation;
    }
    EXPECT_EQ(left(), 0xfu);
}

TEST_F(Invalidation, OfHugePagesByAnyAddressInside) {
    fill(page, ram, 21);
    invalidate(5, 0, page + 0x3ff000);
    EXPECT_FALSE(search(page).has_value());
    fill(page, ram, 21);
    invalidate(5, 0, page + 0x400000);
    EXPECT_TRUE(search(page).has_value());
}

TEST_F(Invalidation, ByTlbclrIsOfLocalEntriesOfTheAsid) {
    populate();  // all in the MTLB
    set_asid(1);
    select(la::Tlb::stlb_entries);
    execute(Insn::tlbclr);
    EXPECT_EQ(left(), 0xcu);
    set_asid(1);
    select(la::Tlb::stlb_entries + 63);
    execute(Insn::tlbflush);
    EXPECT_EQ(left(), 0u);
}

TEST_F(Invalidation, ByTlbclrInTheStlbIsOfOneSet) {
    cpu.write_csr(csr::stlbps::number, 14);
    populate();
    // page and other lie in sets 2 apart, global_page elsewhere.
    const unsigned set = (page >> 15) % la::Tlb::sets;
    set_asid(1);
    select(set + 3 * la::Tlb::sets);
    execute(Insn::tlbclr);
    EXPECT_EQ(left(), 0xeu);
    set_asid(1);
    select(set);
    execute(Insn::tlbflush);
    EXPECT_EQ(left(), 0xau);
    select((global_page >> 15) % la::Tlb::sets);
    execute(Insn::tlbclr);
    EXPECT_EQ(left(), 0xau);
    select((global_page >> 15) % la::Tlb::sets);
    execute(Insn::tlbflush);
    EXPECT_EQ(left(), 0x2u);
}

// --- Permissions ---------------------------------------------------------------------------------

TEST_F(TlbInstructions, ChecksPrivilegeWithAndWithoutRestriction) {
    for (unsigned page_level = 0; page_level < 4; ++page_level) {
        for (const bool restricted : {false, true}) {
            set_level(0);
            std::uint64_t bits = lo::PLV::put(user_page, page_level);
            bits = lo::RPLV::put(bits, restricted);
            fill(page, ram, 14, bits);
            for (unsigned level = 0; level < 4; ++level) {
                set_level(level);
                cpu.gpr[a0] = page;
                execute(Insn::ld_d, {.rd = a1, .rj = a0});
                const bool allowed = restricted ? level == page_level : level <= page_level;
                EXPECT_EQ(went_on(), allowed) << page_level << level << restricted;
                if (!allowed) EXPECT_TRUE(raised(Exception::PPI));
                // The check is also made when another level has just used the page.
            }
        }
    }
}

TEST_F(TlbInstructions, WriteProtectionCanBeSwitchedOffPerLevel) {
    fill(page, ram + 0x100000, 14, user_page & ~lo::D::mask);
    for (unsigned disabled = 0; disabled < 8; ++disabled) {
        set_level(0);
        cpu.write_csr(csr::misc::number, csr::misc::DWPL::put(0, disabled));
        for (unsigned level = 0; level < 4; ++level) {
            set_level(level);
            cpu.gpr[a0] = page;
            execute(Insn::st_d, {.rd = a1, .rj = a0});
            EXPECT_EQ(went_on(), ((disabled >> level) & 1) != 0) << disabled << level;
        }
    }
}

TEST_F(TlbInstructions, WindowsComeBeforeTheTlbAndTheFirstTwoAreForFetches) {
    cpu.write_csr(csr::dmw::number0 + 2, 0xa000000000000001);
    cpu.write_csr(csr::dmw::number0 + 1, 0x8000000000000001);
    machine.write<std::uint64_t>(ram + 0x100000, 11);
    machine.write(ram + 0x100000, la::encode(Insn::andi));
    EXPECT_EQ(load(0xa000000000000000 | (ram + 0x100000)),
              machine.read<std::uint64_t>(ram + 0x100000));
    cpu.pc = 0x8000000000000000 | (ram + 0x100000);
    machine.step(1);
    EXPECT_EQ(cpu.pc, 0x8000000000000000 | (ram + 0x100004));
    cpu.pc = 0xa000000000000000 | (ram + 0x100000);
    machine.step(1);
    EXPECT_TRUE(raised(Exception::ADEF));
    // Bits above the physical width are cut off, not checked.
    EXPECT_EQ(load(0xafff000000000000 | (ram + 0x100000)),
              machine.read<std::uint64_t>(ram + 0x100000));
    // A window is for the levels it names.
    set_level(1);
    cpu.gpr[a0] = 0xa000000000000000 | ram;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::ADEM));
}

TEST_F(TlbInstructions, ClosingAWindowTakesEffectAtOnce) {
    cpu.write_csr(csr::dmw::number0 + 1, 0x4000000000000001);
    machine.write<std::uint64_t>(ram + 0x100000, 11);
    const std::uint64_t address = 0x4000000000000000 | (ram + 0x100000);
    EXPECT_EQ(load(address), 11u);
    csrwr(csr::dmw::number0 + 1, 0);
    cpu.gpr[a0] = address;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::ADEM));
}

TEST_F(TlbInstructions, DirectTranslationIgnoresTlbAndUpperBits) {
    fill(ram & 0x7fffffff, ram + 0x200000);
    machine.write<std::uint64_t>(data, 99);
    set_level(0);
    cpu.write_csr(csr::crmd::number, csr::crmd::DA::mask);
    cpu.pc = code;
    machine.write(code, la::encode(Insn::ld_d, {.rd = a1, .rj = a0}));
    cpu.gpr[a0] = 0xabcd000000000000 | data;
    machine.step(1);
    EXPECT_EQ(cpu.gpr[a1], 99u);
    EXPECT_EQ(cpu.pc, code + 4);
}

TEST_F(TlbInstructions, CanonicalAddressesReachBothHalvesOnly) {
    for (const std::uint64_t address : {std::uint64_t{0x00007ffffffff000}, 0xffff800000000000}) {
        cpu.gpr[a0] = address;
        execute(Insn::ld_d, {.rd = a1, .rj = a0});
        EXPECT_TRUE(raised_refill()) << std::hex << address;
        return_to(0);
    }
    for (const std::uint64_t address : {std::uint64_t{0x0000800000000000}, 0xffff7ffffffffff8}) {
        cpu.gpr[a0] = address;
        execute(Insn::ld_d, {.rd = a1, .rj = a0});
        EXPECT_TRUE(raised(Exception::ADEM)) << std::hex << address;
    }
}

}  // namespace
}  // namespace lkvm::test
