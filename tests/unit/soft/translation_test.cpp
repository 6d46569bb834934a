// SPDX-License-Identifier: GPL-2.0-or-later
// Software page walks, and that nothing cached outlives the TLB entry it came from.
// LA Vol.1 §4.2.5, §5.4.
#include "loongarch/soft/soft_tlb.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;
namespace lo = csr::tlbelo;

/// Shape of page tables: bits of a page and of the index at each level.
struct Shape {
    unsigned page_bits;
    unsigned index_bits;
    unsigned directories;  ///< levels above the page table

    [[nodiscard]] unsigned shift(unsigned level) const { return page_bits + level * index_bits; }
};
constexpr Shape small_pages{12, 9, 3};    // 4 KiB, as Linux with 4 levels
constexpr Shape middle_pages{14, 11, 2};  // 16 KiB, as Linux with 3 levels

/// A guest kernel's page tables and its refill handler. The highest directory is described by Dir3,
/// as Linux does it: the base fields of Dir1 and Dir2 have only 5 bits.
class PageWalk : public CpuTest {
protected:
    static constexpr std::uint64_t huge = 1u << 6;
    static constexpr std::uint64_t huge_global = 1u << 12;
    static constexpr std::uint64_t present = 1u << 7;  // P and W: for software only
    static constexpr std::uint64_t write = 1u << 8;

    void use(Shape shape) {
        shape_ = shape;
        next_table_ = ram + 0x200000;
        empty_ = new_table();
        low_ = new_table();
        high_ = new_table();
        map();
        const auto level = [&](unsigned number) -> std::uint64_t {
            return shape.shift(number) | (shape.index_bits << 5);
        };
        const std::uint64_t second = shape.directories == 3 ? level(2) << 20 : 0;
        cpu.write_csr(csr::pwcl::number, level(0) | level(1) << 10 | second);
        cpu.write_csr(csr::pwch::number, shape.shift(shape.directories) | (shape.index_bits << 6));
        cpu.write_csr(csr::stlbps::number, shape.page_bits);
        cpu.write_csr(csr::PGDL, low_);
        cpu.write_csr(csr::PGDH, high_);

        // Counts the refills in s8.
        Program handler{refill_entry};
        handler.csrwr(t0, csr::TLBRSAVE).csrrd(t0, csr::PGD);
        handler.op(Insn::lddir, {.rd = t0, .rj = t0, .imm = 3});
        if (shape.directories == 3) handler.op(Insn::lddir, {.rd = t0, .rj = t0, .imm = 2});
        handler.op(Insn::lddir, {.rd = t0, .rj = t0, .imm = 1});
        handler.op(Insn::ldpte, {.rj = t0, .imm = 0}).op(Insn::ldpte, {.rj = t0, .imm = 1});
        handler.op(Insn::tlbfill).csrrd(t0, csr::TLBRSAVE);
        handler.op(Insn::addi_d, {.rd = s8, .rj = s8, .imm = 1}).op(Insn::ertn);
        machine.load(handler);
        // Every other exception ends the run.
        Program other{exception_entry};
        other.li(s7, 1).stop(window | SoftMachine::stop_address);
        machine.load(other);
    }

    std::uint64_t new_table() {
        const std::uint64_t table = next_table_;
        next_table_ += std::uint64_t{8} << shape_.index_bits;
        for (std::uint64_t i = 0; i < std::uint64_t{1} << shape_.index_bits; ++i) {
            machine.write<std::uint64_t>(table + 8 * i, empty_);
        }
        return table;
    }
    /// Address of the entry for `address` at `level`; makes the tables on the way.
    std::uint64_t entry(std::uint64_t address, unsigned level) {
        std::uint64_t table = (address >> 63) != 0 ? high_ : low_;
        for (unsigned at = shape_.directories;; --at) {
            const std::uint64_t index =
                (address >> shape_.shift(at)) & ((std::uint64_t{1} << shape_.index_bits) - 1);
            const std::uint64_t where = table + 8 * index;
            if (at == level) return where;
            table = machine.read<std::uint64_t>(where);
            if (table == empty_) {
                table = at == 1 ? page_table() : new_table();
                machine.write(where, table);
            }
        }
    }
    std::uint64_t page_table() {
        const std::uint64_t keep = empty_;
        empty_ = 0;  // pages that are not there, instead of tables
        const std::uint64_t table = new_table();
        empty_ = keep;
        return table;
    }
    void set_page(std::uint64_t address, std::uint64_t physical, std::uint64_t bits = user_page) {
        machine.write(entry(address, 0), physical | bits | present | write);
    }
    void set_huge(std::uint64_t address, unsigned level, std::uint64_t physical,
                  std::uint64_t bits = user_page) {
        machine.write(entry(address, level), physical | bits | present | write | huge);
    }

    /// Runs `body` in the window and returns its register a0.
    std::uint64_t run_code(Program& body) {
        body.stop(window | SoftMachine::stop_address);
        Program raw{body.base() & la::physical_mask};
        for (const std::uint32_t word : body.words()) raw.word(word);
        machine.load(raw);
        set_level(0);
        cpu.gpr[s8] = 0;
        cpu.gpr[s7] = 0;
        machine.run(body.base());
        EXPECT_EQ(cpu.gpr[s7], 0u)
            << "exception " << ecode() << " at 0x" << std::hex << cpu.csr(csr::ERA);
        return cpu.gpr[a0];
    }
    std::uint64_t load_by_program(std::uint64_t address) {
        Program body{code | window};
        body.li(a1, address).op(Insn::ld_d, {.rd = a0, .rj = a1});
        return run_code(body);
    }
    [[nodiscard]] std::uint64_t refills() const { return cpu.gpr[s8]; }

    Shape shape_ = small_pages;
    std::uint64_t next_table_ = 0;
    std::uint64_t empty_ = 0;
    std::uint64_t low_ = 0;
    std::uint64_t high_ = 0;
};

class PageWalkOfBothSizes : public PageWalk, public ::testing::WithParamInterface<Shape> {};

TEST_P(PageWalkOfBothSizes, RefillsBothHalvesOfAPairAtOnce) {
    use(GetParam());
    const std::uint64_t size = std::uint64_t{1} << shape_.page_bits;
    for (const std::uint64_t base : {std::uint64_t{0x123456780000}, 0xffff812340000000}) {
        set_page(base, ram + 0x100000);
        set_page(base + size, ram + 0x120000);
        machine.write<std::uint64_t>(ram + 0x100008, base + 1);
        machine.write<std::uint64_t>(ram + 0x120010, base + 2);
        Program body{code | window};
        body.li(a1, base).li(a2, base + size);
        body.op(Insn::ld_d, {.rd = a3, .rj = a1, .imm = 8});
        body.op(Insn::ld_d, {.rd = a0, .rj = a2, .imm = 16});
        EXPECT_EQ(run_code(body), base + 2);
        EXPECT_EQ(cpu.gpr[a3], base + 1);
        EXPECT_EQ(refills(), 1u);
        EXPECT_EQ(run_code(body), base + 2);
        EXPECT_EQ(refills(), 0u);
    }
}

TEST_P(PageWalkOfBothSizes, WalksEveryIndexOfEveryLevel) {
    use(GetParam());
    const unsigned levels = shape_.directories + 1;
    for (unsigned level = 0; level < levels; ++level) {
        for (unsigned bit = 0; bit < shape_.index_bits; ++bit) {
            const unsigned shift = shape_.shift(level) + bit;
            if (shift > 46) continue;
            const std::uint64_t address = std::uint64_t{1} << shift;
            set_page(address, ram + 0x100000);
            machine.write<std::uint64_t>(ram + 0x100000, address);
            EXPECT_EQ(load_by_program(address), address);
            machine.write<std::uint64_t>(entry(address, 0), 0);
        }
    }
}

TEST_P(PageWalkOfBothSizes, SplitsHugePagesOfTheLowestDirectory) {
    use(GetParam());
    const std::uint64_t size = std::uint64_t{1} << shape_.shift(1);
    const std::uint64_t base = 8 * size;
    // Smaller than RAM, or it reaches beyond it: then only its first half is looked at.
    const std::uint64_t frame = ram & ~(size - 1);
    set_huge(base, 1, frame);
    const std::uint64_t probe = (ram + 0x100000) & (size - 1);
    machine.write<std::uint64_t>(ram + 0x100000, 0x1111);
    EXPECT_EQ(load_by_program(base + probe), 0x1111u);
    EXPECT_EQ(refills(), 1u);
    // Each half is its own page of the pair.
    cpu.write_csr(csr::tlbehi::number, base);
    cpu.tlb_search();
    cpu.tlb_read();
    EXPECT_EQ(csr::tlbidx::PS::get(cpu.csr(csr::tlbidx::number)), shape_.shift(1) - 1);
    EXPECT_EQ(cpu.read_csr(lo::number0), frame | user_page);
    EXPECT_EQ(cpu.read_csr(lo::number1), (frame + size / 2) | user_page);
}

TEST_P(PageWalkOfBothSizes, MarksHugePagesOfHigherDirectoriesWithTheirLevel) {
    use(GetParam());
    // Only the instructions: with 16 KiB pages such a page is larger than the TLB takes.
    const unsigned level = shape_.directories == 3 ? 2 : 3;
    cpu.csr(csr::tlbrera::number) = 1;
    const std::uint64_t base = 0x100000000 | user_page | huge;
    cpu.gpr[a0] = base;
    execute(Insn::lddir, {.rd = a0, .rj = a0, .imm = static_cast<std::int32_t>(level)});
    EXPECT_EQ(cpu.gpr[a0], base | (level << 13));
    execute(Insn::lddir, {.rd = a1, .rj = a0, .imm = 1});  // already marked
    EXPECT_EQ(cpu.gpr[a1], cpu.gpr[a0]);
    execute(Insn::ldpte, {.rj = a0, .imm = 0});
    execute(Insn::ldpte, {.rj = a0, .imm = 1});
    const unsigned bits = shape_.shift(2) + shape_.index_bits - 1;
    EXPECT_EQ(csr::tlbrehi::PS::get(cpu.csr(csr::tlbrehi::number)), bits);
    EXPECT_EQ(cpu.read_csr(csr::TLBRELO0), 0x100000000 | user_page);
    EXPECT_EQ(cpu.read_csr(csr::TLBRELO1), (0x100000000 + (std::uint64_t{1} << bits)) | user_page);
}

TEST_P(PageWalkOfBothSizes, MovesTheGlobalBitOfHugePages) {
    use(GetParam());
    cpu.csr(csr::tlbrera::number) = 1;
    cpu.gpr[a0] = 0x90000000 | user_page | huge | huge_global;
    execute(Insn::ldpte, {.rj = a0, .imm = 0});
    EXPECT_EQ(cpu.read_csr(csr::TLBRELO0), 0x90000000 | user_page | lo::G::mask);
    cpu.gpr[a0] = 0x90000000 | user_page | huge;
    execute(Insn::ldpte, {.rj = a0, .imm = 0});
    EXPECT_EQ(cpu.read_csr(csr::TLBRELO0), 0x90000000 | user_page);
}

TEST_P(PageWalkOfBothSizes, RefillsForFetchesAndStoresToo) {
    use(GetParam());
    const std::uint64_t base = 0x5000000000;
    set_page(base, ram + 0x100000);
    Program function{ram + 0x100000};
    function.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 5});
    function.op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load(function);
    const std::uint64_t stack = 0x6000000000;
    set_page(stack, ram + 0x130000);
    Program body{code | window};
    body.li(a0, 1).li(a1, base).li(a2, stack);
    body.op(Insn::jirl, {.rd = ra, .rj = a1}).op(Insn::st_d, {.rd = a0, .rj = a2, .imm = 8});
    EXPECT_EQ(run_code(body), 6u);
    EXPECT_EQ(machine.read<std::uint64_t>(ram + 0x130008), 6u);
    EXPECT_EQ(refills(), 2u);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PageWalkOfBothSizes, ::testing::Values(small_pages, middle_pages),
                         [](const ::testing::TestParamInfo<Shape>& parameter) {
                             return parameter.param.page_bits == 12 ? "FourKiB" : "SixteenKiB";
                         });

TEST_F(PageWalk, LevelsThatDoNotExistGiveTheBaseBack) {
    use(middle_pages);
    for (const int level : {0, 5, 31, 255}) {
        cpu.gpr[a0] = ram + 0x1000;
        execute(Insn::lddir, {.rd = a1, .rj = a0, .imm = level});
        EXPECT_EQ(cpu.gpr[a1], ram + 0x1000) << level;
    }
}

TEST_F(PageWalk, OutsideRefillTheBadAddressIsWalked) {
    use(middle_pages);
    set_page(0x1230000000, ram + 0x100000);
    cpu.write_csr(csr::BADV, 0x1230000000);
    cpu.write_csr(csr::TLBRBADV, 0);
    cpu.gpr[a0] = low_;
    execute(Insn::lddir, {.rd = a0, .rj = a0, .imm = 3});
    execute(Insn::lddir, {.rd = a0, .rj = a0, .imm = 1});
    execute(Insn::ldpte, {.rj = a0, .imm = 0});
    EXPECT_EQ(cpu.read_csr(csr::TLBRELO0), (ram + 0x100000) | user_page);
    EXPECT_EQ(csr::tlbrehi::PS::get(cpu.csr(csr::tlbrehi::number)), 14u);
}

TEST_F(PageWalk, TablesMayLieInTheUpperPhysicalBitsOfAWindowAddress) {
    use(middle_pages);
    set_page(0x1230000000, ram + 0x100000);
    machine.write<std::uint64_t>(ram + 0x100000, 31);
    cpu.write_csr(csr::PGDL, window | low_);
    EXPECT_EQ(load_by_program(0x1230000000), 31u);
}

// --- Coherence of what is cached in front of the TLB
// ----------------------------------------------

class Stale : public PageWalk {
protected:
    static constexpr std::uint64_t base = 0x5000000000;

    /// Physical page `number` of 16 KiB: its first word loads the number into a0 and returns.
    static constexpr std::uint64_t frame(unsigned number) {
        return ram + 0x100000 + number * 0x4000;
    }
    void fill_frame(unsigned number) {
        Program function{frame(number)};
        function.op(Insn::ori, {.rd = a0, .imm = static_cast<std::int32_t>(number)});
        function.op(Insn::jirl, {.rd = zero, .rj = ra});
        machine.load(function);
        machine.write<std::uint64_t>(frame(number) + 0x1000, number);
    }
    Stale() {
        use(middle_pages);
        for (unsigned i = 0; i < 8; ++i) fill_frame(i);
    }
    /// Emits: a5 = a5 * 10 + data at `base`, a6 = a6 * 10 + result of the function at `base`.
    void look(Program& body) {
        body.li(t1, 10).li(t2, base).li(t3, base + 0x1000);
        body.op(Insn::ld_d, {.rd = t4, .rj = t3});
        body.op(Insn::mul_d, {.rd = a5, .rj = a5, .rk = t1});
        body.op(Insn::add_d, {.rd = a5, .rj = a5, .rk = t4});
        body.op(Insn::jirl, {.rd = ra, .rj = t2});
        body.op(Insn::mul_d, {.rd = a6, .rj = a6, .rk = t1});
        body.op(Insn::add_d, {.rd = a6, .rj = a6, .rk = a0});
    }
    /// Emits: the page table entry of `base` points to frame `number`.
    void point(Program& body, unsigned number, std::uint64_t bits = user_page) {
        body.li(t1, window | entry(base, 0)).li(t2, frame(number) | bits);
        body.op(Insn::st_d, {.rd = t2, .rj = t1});
    }
    void start(Program& body) { body.li(a5, 0).li(a6, 0); }
};

TEST_F(Stale, TranslationsGoWithEachKindOfInvtlb) {
    for (const int operation : {0, 1, 3, 4, 5, 6}) {
        set_page(base, frame(1));
        Program body{code | window};
        start(body);
        look(body);
        for (const unsigned number : {2u, 3u}) {
            point(body, number);
            body.li(t1, base).op(Insn::invtlb, {.rj = zero, .rk = t1, .imm = operation});
            look(body);
        }
        run_code(body);
        EXPECT_EQ(cpu.gpr[a5], 123u) << operation;
        EXPECT_EQ(cpu.gpr[a6], 123u) << operation;
        EXPECT_TRUE(cpu.tlb_invalidate(0, 0, 0));
    }
}

TEST_F(Stale, GlobalTranslationsGoWithInvtlbOfGlobalOnes) {
    set_page(base, frame(1), user_page | lo::G::mask);
    set_page(base + 0x4000, frame(7), user_page | lo::G::mask);
    Program body{code | window};
    start(body);
    look(body);
    point(body, 2, user_page | lo::G::mask);
    body.op(Insn::invtlb, {.imm = 2});
    look(body);
    run_code(body);
    EXPECT_EQ(cpu.gpr[a5], 12u);
    EXPECT_EQ(cpu.gpr[a6], 12u);
}

TEST_F(Stale, TranslationsGoWhenTlbwrOverwritesTheirEntry) {
    set_page(base, frame(1));
    Program body{code | window};
    start(body);
    look(body);
    // The entry at the index of `base` becomes one for another address.
    point(body, 2);
    body.set_csr(csr::tlbehi::number, base).op(Insn::tlbsrch);
    body.set_csr(csr::tlbehi::number, base + (std::uint64_t{256} << 15));
    body.set_csr(lo::number0, frame(3) | user_page).set_csr(lo::number1, 0);
    body.li(t1, std::uint64_t{14} << 24).li(t2, std::uint64_t{0x3f} << 24);
    body.csrxchg(t1, t2, csr::tlbidx::number);
    body.op(Insn::tlbwr);
    look(body);
    run_code(body);
    EXPECT_EQ(cpu.gpr[a5], 12u);
    EXPECT_EQ(cpu.gpr[a6], 12u);
}

TEST_F(Stale, TranslationsGoWhenTheirEntryIsEmptied) {
    set_page(base, frame(1));
    Program body{code | window};
    start(body);
    look(body);
    point(body, 2);
    body.set_csr(csr::tlbehi::number, base).op(Insn::tlbsrch);
    body.li(t1, csr::tlbidx::NE::mask).csrxchg(t1, t1, csr::tlbidx::number).op(Insn::tlbwr);
    look(body);
    run_code(body);
    EXPECT_EQ(cpu.gpr[a5], 12u);
    EXPECT_EQ(cpu.gpr[a6], 12u);
}

TEST_F(Stale, TranslationsAreOfTheCurrentAsid) {
    Program body{code | window};
    start(body);
    set_page(base, frame(1));
    // Each ASID gets its own entry at first use; then they alternate without refills.
    for (int round = 0; round < 3; ++round) {
        for (const unsigned asid : {1u, 2u, 3u}) {
            body.set_csr(csr::asid::number, asid);
            point(body, asid);
            look(body);
        }
    }
    run_code(body);
    EXPECT_EQ(cpu.gpr[a5], 123123123u);
    EXPECT_EQ(cpu.gpr[a6], 123123123u);
    EXPECT_EQ(refills(), 3u);
}

TEST_F(Stale, UpperHalfTranslationsAreOfTheCurrentAsidToo) {
    // Not global although in the kernel's half.
    constexpr std::uint64_t upper = 0xffff812340000000;
    Program body{code | window};
    body.li(a5, 0).li(t1, 10).li(t3, upper + 0x1000);
    for (const unsigned asid : {1u, 2u, 1u, 2u}) {
        body.set_csr(csr::asid::number, asid);
        body.li(t4, window | entry(upper, 0)).li(t5, frame(asid) | user_page);
        body.op(Insn::st_d, {.rd = t5, .rj = t4}).op(Insn::ld_d, {.rd = t4, .rj = t3});
        body.op(Insn::mul_d, {.rd = a5, .rj = a5, .rk = t1});
        body.op(Insn::add_d, {.rd = a5, .rj = a5, .rk = t4});
    }
    run_code(body);
    EXPECT_EQ(cpu.gpr[a5], 1212u);
}

TEST_F(Stale, TranslationsOfALargerPageGoWhenASmallerOneReplacesIt) {
    // A huge entry is replaced by a page in it; the rest of the huge one must not live on, as no
    // later invtlb could find it.
    map_pair(base, ram | user_page, (ram + 0x200000) | user_page, 21);
    machine.write<std::uint64_t>(ram + 0x100000, 7);
    cpu.gpr[a0] = base + 0x100000;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    ASSERT_EQ(cpu.gpr[a1], 7u);
    map_pair(base, frame(1) | user_page, 0, 14);
    cpu.gpr[a2] = base + 0x100000;
    execute(Insn::invtlb, {.rj = zero, .rk = a2, .imm = 5});
    cpu.gpr[a0] = base + 0x100000;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised_refill());
}

TEST_F(Stale, WritePermissionGoesWithItsEntry) {
    set_page(base, frame(1));
    Program body{code | window};
    body.li(t1, base).op(Insn::st_d, {.rd = t1, .rj = t1, .imm = 0x100});
    run_code(body);
    set_page(base, frame(1), user_page & ~lo::D::mask);
    ASSERT_TRUE(cpu.tlb_invalidate(5, 0, base));
    cpu.gpr[a0] = base;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});  // refill
    for (int i = 0; i < 30 && cpu.pc != pc() + 4; ++i) machine.step(1);
    execute(Insn::st_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::PME));
}

TEST_F(Stale, UserAccessIsCheckedAfterTheKernelUsedThePage) {
    set_page(base, frame(1), lo::PLV::put(user_page, 0));
    Program body{code | window};
    start(body);
    look(body);
    run_code(body);
    EXPECT_EQ(cpu.gpr[a6], 1u);
    set_level(3);
    cpu.gpr[a0] = base;
    execute(Insn::ld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::PPI));
    set_level(3);
    cpu.pc = base;
    machine.step(1);
    EXPECT_TRUE(raised(Exception::PPI));
}

/// Random TLB operations; after each, loads and fetches must agree with what tlbsrch and tlbrd say.
class StaleRandom : public CpuTest, public ::testing::WithParamInterface<unsigned> {
protected:
    std::mt19937_64 random_{GetParam()};
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    static constexpr std::uint32_t mark(std::uint64_t number) {
        return la::encode(Insn::ori, {.rd = a5, .imm = static_cast<std::int32_t>(number)});
    }
    /// A few addresses of both halves, 4 KiB apart, in conflict with each other.
    std::uint64_t random_address() {
        const std::uint64_t half = below(2) == 0 ? 0x4000000000 : 0xffff800000000000;
        return half + below(4) * 0x200000 + below(16) * 0x1000;
    }
    void random_operation();
    void check(std::uint64_t address);
};

void StaleRandom::random_operation() {
    const auto fill_registers = [&] {
        const std::array<unsigned, 4> sizes{12, 14, 16, 21};
        const unsigned bits = sizes[below(4)];
        const std::uint64_t size = std::uint64_t{1} << bits;
        const std::uint64_t pages = SoftMachine::ram_size / size;
        std::uint64_t flags = user_page;
        if (below(4) == 0) flags |= lo::G::mask;
        const auto page_at = [&]() -> std::uint64_t {
            if (below(6) == 0) return flags & lo::G::mask;  // V = 0
            return (ram + below(pages) * size) | flags | (below(5) == 0 ? lo::NX::mask : 0);
        };
        cpu.write_csr(csr::tlbehi::number, random_address());
        cpu.write_csr(lo::number0, page_at());
        cpu.write_csr(lo::number1, page_at());
        cpu.write_csr(csr::tlbidx::number,
                      csr::tlbidx::PS::put(below(10) == 0 ? csr::tlbidx::NE::mask : 0, bits));
    };
    switch (below(10)) {
        case 0:
        case 1:
        case 2:
        case 3:
            fill_registers();
            cpu.csr(csr::tlbidx::number) &= ~csr::tlbidx::NE::mask;
            execute(Insn::tlbfill);
            break;
        case 4: {
            // Into the MTLB, where every address may go.
            fill_registers();
            const auto index = static_cast<unsigned>(la::Tlb::stlb_entries + below(64));
            cpu.csr(csr::tlbidx::number) =
                csr::tlbidx::Index::put(cpu.csr(csr::tlbidx::number), index);
            execute(Insn::tlbwr);
            break;
        }
        case 5:
        case 6:
            csrwr(csr::asid::number, below(3));
            break;
        case 7:
        case 8:
            cpu.gpr[a2] = below(3);
            cpu.gpr[a3] = random_address();
            execute(Insn::invtlb,
                    {.rj = a2,
                     .rk = a3,
                     .imm = below(10) == 0 ? static_cast<std::int32_t>(below(7))
                                           : static_cast<std::int32_t>(5 + below(2))});
            break;
        default:
            csrwr(csr::tlbidx::number, below(2) == 0 ? below(2048) : 2048 + below(64));
            execute(below(2) == 0 ? Insn::tlbclr : Insn::tlbflush);
            break;
    }
    ASSERT_TRUE(went_on());
}

void StaleRandom::check(std::uint64_t address) {
    // What the TLB says, by its own instructions.
    const std::uint64_t asid = cpu.read_csr(csr::asid::number);
    cpu.write_csr(csr::tlbehi::number, address);
    cpu.write_csr(csr::tlbidx::number, 0);
    execute(Insn::tlbsrch);
    const bool present = !csr::tlbidx::NE::get(cpu.csr(csr::tlbidx::number));
    std::uint64_t entry = 0;
    unsigned bits = 12;
    if (present) {
        execute(Insn::tlbrd);
        bits = csr::tlbidx::PS::get(cpu.csr(csr::tlbidx::number));
        entry = cpu.read_csr(((address >> bits) & 1) != 0 ? lo::number1 : lo::number0);
        csrwr(csr::asid::number, asid);
    }
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    const std::uint64_t physical = (entry & lo::PPN::mask & ~mask) | (address & mask);
    const std::uint64_t number = (physical - ram) / 0x1000;
    if (lo::V::get(entry) && physical == code) return;  // overwritten by execute()

    cpu.gpr[a0] = address;
    execute(Insn::ld_w, {.rd = a1, .rj = a0});
    if (!present) {
        ASSERT_TRUE(raised_refill());
    } else if (!lo::V::get(entry)) {
        ASSERT_TRUE(raised(Exception::PIL));
    } else {
        ASSERT_TRUE(went_on());
        ASSERT_EQ(cpu.gpr[a1], mark(number));
    }
    return_to(0);

    cpu.gpr[a5] = UINT64_MAX;
    cpu.pc = address;
    machine.step(1);
    if (!present) {
        ASSERT_TRUE(raised_refill());
    } else if (!lo::V::get(entry)) {
        ASSERT_TRUE(raised(Exception::PIF));
    } else if (lo::NX::get(entry)) {
        ASSERT_TRUE(raised(Exception::PNX));
    } else {
        ASSERT_EQ(cpu.pc, address + 4);
        ASSERT_EQ(cpu.gpr[a5], number);
    }
    return_to(0);
}

TEST_P(StaleRandom, AccessesAgreeWithTheTlb) {
    map();
    cpu.write_csr(csr::stlbps::number, GetParam() % 2 == 0 ? 12 : 14);
    for (std::uint64_t i = 0; i < SoftMachine::ram_size / 0x1000; ++i) {
        machine.write(ram + i * 0x1000, mark(i));
    }
    for (int i = 0; i < 3000; ++i) {
        random_operation();
        for (int j = 0; j < 3; ++j) {
            check(random_address());
            if (HasFatalFailure()) FAIL() << "after operation " << i;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, StaleRandom, ::testing::Range(0u, 4u));

}  // namespace
}  // namespace lkvm::test
