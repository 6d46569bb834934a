// SPDX-License-Identifier: GPL-2.0-or-later
// Exceptions: what each writes, who comes first, where it goes. LA Vol.1 §6.3, §7.4.
#include "loongarch/csr/exception.hpp"

#include <cstdint>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;
namespace lo = csr::tlbelo;

constexpr std::uint64_t mark = 0x1234567890abcde8;

class Exceptions : public CpuTest {
protected:
    /// Puts marks where exceptions write, so that a test sees what they leave alone.
    void mark_registers() {
        cpu.csr(csr::BADV) = mark;
        cpu.csr(csr::BADI) = 0x12345678;
        cpu.csr(csr::ERA) = mark;
        cpu.csr(csr::prmd::number) = 0;
        cpu.csr(csr::tlbehi::number) = 0x8000;
        cpu.csr(csr::estat::number) = 0;
    }
    static constexpr std::uint64_t page = 0x40000000;
    void map_one(std::uint64_t even) { map_pair(page, even, 0); }
    [[nodiscard]] static std::uint64_t frame(std::uint64_t physical) {
        return physical & ~std::uint64_t{0x3fff};
    }
};

// --- What every exception does -------------------------------------------------------------------

TEST_F(Exceptions, SavesTheModeAndEntersPrivilegeLevel0) {
    map();
    for (unsigned level = 0; level < 4; ++level) {
        for (const std::uint64_t bits : {std::uint64_t{0}, csr::crmd::IE::mask, csr::crmd::WE::mask,
                                         csr::crmd::IE::mask | csr::crmd::WE::mask}) {
            mark_registers();
            cpu.write_csr(csr::crmd::number,
                          csr::crmd::PG::mask | level | bits | csr::crmd::DATM::put(0, 1));
            execute(Insn::syscall, {.imm = 5});
            ASSERT_TRUE(raised(Exception::SYS));
            // Nothing of the mode is lost but PLV, IE and WE.
            EXPECT_EQ(cpu.csr(csr::crmd::number), csr::crmd::PG::mask | csr::crmd::DATM::put(0, 1));
            const std::uint64_t previous = cpu.csr(csr::prmd::number);
            EXPECT_EQ(csr::prmd::PPLV::get(previous), level);
            EXPECT_EQ(csr::prmd::PIE::get(previous), (bits & csr::crmd::IE::mask) != 0);
            EXPECT_EQ(csr::prmd::PWE::get(previous), (bits & csr::crmd::WE::mask) != 0);
            EXPECT_EQ(cpu.csr(csr::ERA), pc());
            EXPECT_EQ(cpu.csr(csr::BADI), la::encode(Insn::syscall, {.imm = 5}));
            EXPECT_EQ(cpu.csr(csr::BADV), mark);
        }
    }
}

TEST_F(Exceptions, RecordsInstructionAndCodeOfEachKindWithoutAnAddress) {
    struct Kind {
        std::uint32_t word;
        Exception exception;
        unsigned level;
    };
    const Kind kinds[] = {
        {la::encode(Insn::syscall, {.imm = 0x7fff}), Exception::SYS, 3},
        {la::encode(Insn::break_, {.imm = 3}), Exception::BRK, 3},
        {0, Exception::INE, 0},
        {0xffffffff, Exception::INE, 3},
        {la::encode(Insn::tlbwr), Exception::IPE, 3},
        {la::encode(Insn::fadd_d), Exception::FPD, 0},
        {la::encode(Insn::vadd_b), Exception::SXD, 0},
        {la::encode(Insn::xvadd_b), Exception::ASXD, 3},
        {la::encode(Insn::amadd_w, {.rd = a0, .rj = a0, .rk = a1}), Exception::INE, 0},
        {la::encode(Insn::bstrpick_d, {.rd = a0, .rj = a0, .ra = 3, .imm = 4}), Exception::INE, 0},
        {la::encode(Insn::invtlb, {.imm = 7}), Exception::INE, 0},
        {la::encode(Insn::invtlb, {.imm = 31}), Exception::INE, 0},
        {la::encode(Insn::hvcl), Exception::INE, 0},
        {la::encode(Insn::gcsrrd, {.rd = a0, .imm = 0}), Exception::INE, 0},
    };
    map();
    for (const Kind& kind : kinds) {
        mark_registers();
        set_level(kind.level);
        execute_word(kind.word);
        EXPECT_TRUE(raised(kind.exception)) << std::hex << kind.word << " gave " << ecode();
        EXPECT_EQ(cpu.csr(csr::ERA), pc());
        EXPECT_EQ(cpu.csr(csr::BADI), kind.word);
        EXPECT_EQ(cpu.csr(csr::BADV), mark);
        EXPECT_EQ(cpu.csr(csr::tlbehi::number), 0x8000u);
        EXPECT_EQ(csr::prmd::PPLV::get(cpu.csr(csr::prmd::number)), kind.level);
    }
}

TEST_F(Exceptions, RecordsAddressAndPageOfTlbExceptions) {
    struct Kind {
        Insn insn;
        std::uint64_t page_bits;
        unsigned level;
        Exception exception;
    };
    const std::uint64_t valid = user_page | frame(data);
    // clang-format off
    const Kind kinds[] = {
        {Insn::ld_w, valid & ~lo::V::mask, 0, Exception::PIL},
        {Insn::st_w, valid & ~lo::V::mask, 0, Exception::PIS},
        {Insn::st_w, valid & ~lo::D::mask, 3, Exception::PME},
        {Insn::ld_w, valid | lo::NR::mask, 0, Exception::PNR},
        {Insn::ld_w, lo::PLV::put(valid, 2), 3, Exception::PPI},
        {Insn::st_w, lo::PLV::put(valid, 0), 1, Exception::PPI},
    };
    // clang-format on
    map();
    for (const Kind& kind : kinds) {
        return_to(0);
        map_one(kind.page_bits);
        mark_registers();
        cpu.gpr[a0] = page + 0x2e08;
        cpu.gpr[a1] = 0x77;
        machine.write<std::uint32_t>(data + 0x2e08, 0x5555);
        set_level(kind.level);
        execute(kind.insn, {.rd = a1, .rj = a0});
        EXPECT_TRUE(raised(kind.exception)) << static_cast<unsigned>(kind.exception);
        EXPECT_EQ(cpu.csr(csr::BADV), page + 0x2e08);
        EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), page + 0x2000);
        EXPECT_EQ(cpu.csr(csr::BADI), la::encode(kind.insn, {.rd = a1, .rj = a0}));
        EXPECT_EQ(cpu.gpr[a1], 0x77u);
        EXPECT_EQ(machine.read<std::uint32_t>(data + 0x2e08), 0x5555u);
    }
}

TEST_F(Exceptions, RecordsTheAddressOfFetchesAndLeavesBadiAlone) {
    map();
    const std::uint64_t valid = user_page | frame(ram + 0x30000);
    struct Kind {
        std::uint64_t page_bits;
        unsigned level;
        Exception exception;
    };
    const Kind kinds[] = {
        {valid & ~lo::V::mask, 0, Exception::PIF},
        {valid | lo::NX::mask, 0, Exception::PNX},
        {lo::PLV::put(valid, 0), 3, Exception::PPI},
    };
    for (const Kind& kind : kinds) {
        return_to(0);
        map_one(kind.page_bits);
        mark_registers();
        set_level(kind.level);
        cpu.pc = page + 0x404;
        machine.step(1);
        EXPECT_TRUE(raised(kind.exception)) << ecode();
        EXPECT_EQ(cpu.csr(csr::ERA), page + 0x404);
        EXPECT_EQ(cpu.csr(csr::BADV), page + 0x404);
        EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), page);
        EXPECT_EQ(cpu.csr(csr::BADI), 0x12345678u);
    }
    for (const std::uint64_t bad : {std::uint64_t{0x0001000000000000}, pc() + 2, pc() + 1}) {
        return_to(0);
        mark_registers();
        cpu.pc = bad;
        machine.step(1);
        EXPECT_TRUE(raised(Exception::ADEF));
        EXPECT_EQ(cpu.csr(csr::ERA), bad);
        EXPECT_EQ(cpu.csr(csr::BADV), bad);
        EXPECT_EQ(cpu.read_csr(csr::tlbehi::number), 0x8000u);
        EXPECT_EQ(cpu.csr(csr::BADI), 0x12345678u);
    }
}

TEST_F(Exceptions, RaisesAnAddressErrorForAFetchFromNoMemory) {
    cpu.pc = SoftMachine::hole;
    machine.step(1);
    EXPECT_TRUE(raised(Exception::ADEF));
    cpu.pc = SoftMachine::device_base;
    machine.step(1);
    EXPECT_TRUE(raised(Exception::ADEF));
    EXPECT_TRUE(machine.device.reads.empty());
}

TEST_F(Exceptions, RecordsTheAddressOfAlignmentAndBoundFaults) {
    mark_registers();
    cpu.gpr[a0] = data + 1;
    execute(Insn::ll_w, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::ALE));
    EXPECT_EQ(cpu.csr(csr::BADV), data + 1);
    EXPECT_EQ(cpu.csr(csr::tlbehi::number), 0x8000u);

    mark_registers();
    cpu.gpr[a0] = data;
    cpu.gpr[a2] = data;
    execute(Insn::ldgt_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::BCE));
    EXPECT_EQ(cpu.csr(csr::BADV), data);

    map();
    mark_registers();
    cpu.gpr[a0] = 0x0001000000000000;
    execute(Insn::ld_d, {.rd = a1, .rj = a0, .imm = 8});
    EXPECT_TRUE(raised(Exception::ADEM));
    EXPECT_EQ(cpu.csr(csr::BADV), 0x0001000000000008u);
    EXPECT_EQ(cpu.csr(csr::tlbehi::number), 0x8000u);
}

// --- TLB refill ----------------------------------------------------------------------------------

TEST_F(Exceptions, RefillUsesRegistersOfItsOwn) {
    map();
    for (unsigned level = 0; level < 4; ++level) {
        return_to(0);
        mark_registers();
        cpu.csr(csr::tlbrehi::number) = 14;
        cpu.write_csr(csr::ecfg::number, csr::ecfg::VS::put(0, 3));
        cpu.write_csr(csr::crmd::number,
                      csr::crmd::PG::mask | level | csr::crmd::IE::mask | csr::crmd::WE::mask);
        cpu.gpr[a0] = 0xffff812345678a48;
        execute(Insn::st_d, {.rd = a1, .rj = a0});
        ASSERT_TRUE(raised_refill());
        EXPECT_EQ(cpu.csr(csr::crmd::number), csr::crmd::DA::mask);
        EXPECT_EQ(cpu.csr(csr::TLBRBADV), 0xffff812345678a48);
        EXPECT_EQ(cpu.read_csr(csr::tlbrehi::number), 0xffff812345678000 | 14);
        EXPECT_EQ(cpu.csr(csr::tlbrera::number), pc() | 1);
        EXPECT_EQ(cpu.csr(csr::tlbrprmd::number), level | 4u | 16u);
        // The instruction word is the one thing shared.
        EXPECT_EQ(cpu.csr(csr::BADI), la::encode(Insn::st_d, {.rd = a1, .rj = a0}));
        EXPECT_EQ(cpu.csr(csr::ERA), mark);
        EXPECT_EQ(cpu.csr(csr::BADV), mark);
        EXPECT_EQ(cpu.csr(csr::prmd::number), 0u);
        EXPECT_EQ(cpu.csr(csr::estat::number), 0u);
        EXPECT_EQ(cpu.csr(csr::tlbehi::number), 0x8000u);
    }
}

TEST_F(Exceptions, RefillOfAFetchHasTheProgramCounterAsAddress) {
    map();
    mark_registers();
    cpu.pc = page + 0x5554;
    machine.step(1);
    ASSERT_TRUE(raised_refill());
    EXPECT_EQ(cpu.csr(csr::TLBRBADV), page + 0x5554);
    EXPECT_EQ(cpu.csr(csr::tlbrera::number), (page + 0x5554) | 1);
    EXPECT_EQ(cpu.csr(csr::BADI), 0x12345678u);
}

TEST_F(Exceptions, ErtnFromRefillRestoresPagingAndMode) {
    map();
    cpu.write_csr(csr::crmd::number, csr::crmd::PG::mask | 3 | csr::crmd::IE::mask);
    cpu.gpr[a0] = page;
    execute(Insn::ld_w, {.rd = a1, .rj = a0});
    ASSERT_TRUE(raised_refill());
    const std::uint64_t fault = cpu.csr(csr::tlbrera::number) & ~std::uint64_t{3};
    cpu.csr(csr::ERA) = mark;
    cpu.csr(csr::prmd::number) = 1;
    machine.execute(refill_entry, la::encode(Insn::ertn));
    EXPECT_EQ(cpu.pc, fault);
    EXPECT_EQ(cpu.csr(csr::crmd::number), csr::crmd::PG::mask | 3 | csr::crmd::IE::mask);
    EXPECT_EQ(cpu.csr(csr::tlbrera::number) & 1, 0u);
    EXPECT_EQ(cpu.csr(csr::prmd::number), 1u);
}

TEST_F(Exceptions, ErtnRestoresTheModeAndNothingElse) {
    map();
    cpu.csr(csr::ERA) = page | 2;  // not checked before it is fetched from
    cpu.csr(csr::prmd::number) = 0xe;
    cpu.csr(csr::TLBRBADV) = mark;
    execute(Insn::ertn);
    EXPECT_EQ(cpu.pc, page | 2);
    EXPECT_EQ(cpu.csr(csr::crmd::number),
              csr::crmd::PG::mask | 2 | csr::crmd::IE::mask | csr::crmd::WE::mask);
    EXPECT_EQ(cpu.csr(csr::prmd::number), 0xeu);
}

TEST_F(Exceptions, AGeneralExceptionInsideRefillKeepsTheRefillContext) {
    map();
    cpu.gpr[a0] = page;
    execute(Insn::ld_w, {.rd = a1, .rj = a0});
    ASSERT_TRUE(raised_refill());
    cpu.write_csr(csr::EENTRY, exception_entry);
    machine.execute(refill_entry, la::encode(Insn::syscall));
    EXPECT_EQ(cpu.pc, exception_entry);
    EXPECT_EQ(ecode(), la::ecode(Exception::SYS));
    EXPECT_EQ(cpu.csr(csr::tlbrera::number) & 1, 1u);
    EXPECT_EQ(cpu.csr(csr::TLBRBADV), page);
}

// --- Vectors -------------------------------------------------------------------------------------

TEST_F(Exceptions, EntriesAreSpacedByVs) {
    // 64 KiB aligned, as the offsets are or-ed in.
    const std::uint64_t entry = ram + 0x40000;
    cpu.write_csr(csr::EENTRY, entry);
    for (unsigned spacing = 0; spacing < 8; ++spacing) {
        cpu.write_csr(csr::ecfg::number, csr::ecfg::VS::put(0, spacing));
        execute(Insn::syscall);
        EXPECT_EQ(cpu.pc, entry + (spacing == 0 ? 0 : 0xb * (4u << spacing))) << spacing;
        execute(Insn::xvadd_b);
        EXPECT_EQ(cpu.pc, entry + (spacing == 0 ? 0 : 0x11 * (4u << spacing))) << spacing;
    }
}

TEST_F(Exceptions, OffsetsAreOredIntoTheEntry) {
    cpu.write_csr(csr::EENTRY, ram + 0x41000);
    cpu.write_csr(csr::ecfg::number, csr::ecfg::VS::put(0, 7));
    execute(Insn::syscall);  // offset 0xb * 0x200 = 0x1600
    EXPECT_EQ(cpu.pc, ram + 0x41600);
}

TEST_F(Exceptions, SubcodesDoNotMoveTheEntry) {
    map();
    cpu.write_csr(csr::ecfg::number, csr::ecfg::VS::put(0, 1));
    cpu.gpr[a0] = 0x0100000000000000;
    execute(Insn::ld_b, {.rd = a1, .rj = a0});
    EXPECT_EQ(cpu.pc, (exception_entry | window) + 8 * 8);
    EXPECT_EQ(esubcode(), 1u);
    return_to(0);
    cpu.pc = cpu.gpr[a0];
    machine.step(1);
    EXPECT_EQ(cpu.pc, (exception_entry | window) + 8 * 8);
    EXPECT_EQ(esubcode(), 0u);
}

// --- Priorities ----------------------------------------------------------------------------------

TEST_F(Exceptions, FetchComesBeforeDecodeAndOperands) {
    map();
    // A page that may not be executed holds an undefined instruction.
    machine.write<std::uint32_t>(ram + 0x30000, 0);
    map_one(user_page | frame(ram + 0x30000) | lo::NX::mask);
    cpu.pc = page;
    machine.step(1);
    EXPECT_TRUE(raised(Exception::PNX));
    return_to(0);
    map_one(user_page | frame(ram + 0x30000));
    cpu.pc = page;
    machine.step(1);
    EXPECT_TRUE(raised(Exception::INE));
    return_to(0);
    cpu.pc = page + 2;  // misaligned comes before translation
    machine.step(1);
    EXPECT_TRUE(raised(Exception::ADEF));
}

TEST_F(Exceptions, DecodeComesBeforeOperands) {
    map(3);
    cpu.gpr[a0] = 0x0100000000000001;
    execute(Insn::fld_d, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::FPD));
    return_to(3);
    execute(Insn::vld, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::SXD));
    return_to(3);
    execute(Insn::ldpte, {.rj = a0});
    EXPECT_TRUE(raised(Exception::IPE));
    return_to(3);
    execute(Insn::amadd_w, {.rd = a0, .rj = a0, .rk = a1});
    EXPECT_TRUE(raised(Exception::INE));
}

TEST_F(Exceptions, AlignmentComesBeforeAddressErrorBoundAndTlb) {
    map();
    // Misaligned, not canonical, out of bound.
    cpu.gpr[a0] = 0x0100000000000001;
    cpu.gpr[a2] = UINT64_MAX;
    execute(Insn::ldgt_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::ALE));
    return_to(0);
    cpu.gpr[a0] &= ~std::uint64_t{3};
    execute(Insn::ldgt_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::ADEM));
    return_to(0);
    cpu.gpr[a0] = page;  // in no TLB entry
    execute(Insn::ldgt_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::BCE));
    return_to(0);
    cpu.gpr[a2] = 0;
    execute(Insn::ldgt_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised_refill());
    return_to(0);
    cpu.gpr[a0] = page + 1;
    execute(Insn::amadd_w, {.rd = a1, .rj = a0, .rk = a2});
    EXPECT_TRUE(raised(Exception::ALE));
    return_to(0);
    cpu.write_csr(csr::misc::number, csr::misc::ALCL::put(0, 1));
    execute(Insn::ld_w, {.rd = a1, .rj = a0});
    EXPECT_TRUE(raised(Exception::ALE));
}

TEST_F(Exceptions, PageChecksGoInTheManualsOrder) {
    map();
    const std::uint64_t target = frame(data);
    const auto attempt = [&](Insn insn, std::uint64_t bits, unsigned level) {
        return_to(0);
        map_one(target | bits);
        set_level(level);
        cpu.gpr[a0] = page;
        execute(insn, {.rd = a1, .rj = a0});
    };
    // Everything is wrong at once; then one thing after the other is mended.
    attempt(Insn::ld_w, lo::NR::mask, 3);
    EXPECT_TRUE(raised(Exception::PIL));
    attempt(Insn::ld_w, lo::V::mask | lo::NR::mask, 3);
    EXPECT_TRUE(raised(Exception::PPI));
    attempt(Insn::ld_w, lo::V::mask | lo::NR::mask | lo::PLV::mask, 3);
    EXPECT_TRUE(raised(Exception::PNR));
    attempt(Insn::ld_w, lo::V::mask | lo::PLV::mask, 3);
    EXPECT_TRUE(went_on());
    attempt(Insn::st_w, 0, 3);
    EXPECT_TRUE(raised(Exception::PIS));
    attempt(Insn::st_w, lo::V::mask, 3);
    EXPECT_TRUE(raised(Exception::PPI));
    attempt(Insn::st_w, lo::V::mask | lo::PLV::mask, 3);
    EXPECT_TRUE(raised(Exception::PME));
    const auto fetch = [&](std::uint64_t bits) {
        return_to(0);
        map_one(target | bits);
        set_level(3);
        cpu.pc = page;
        machine.step(1);
    };
    fetch(lo::NX::mask);
    EXPECT_TRUE(raised(Exception::PIF));
    fetch(lo::NX::mask | lo::V::mask);
    EXPECT_TRUE(raised(Exception::PNX));
    fetch(lo::V::mask);
    EXPECT_TRUE(raised(Exception::PPI));
}

// --- Privilege -----------------------------------------------------------------------------------

TEST_F(Exceptions, PrivilegedInstructionsAreForPrivilegeLevel0) {
    map();
    const std::uint32_t words[] = {
        la::encode(Insn::csrrd, {.rd = a0, .imm = 0}),
        la::encode(Insn::csrrd, {.rd = a0, .imm = 0x3fff}),
        la::encode(Insn::csrwr, {.rd = a0, .imm = csr::SAVE0}),
        la::encode(Insn::csrxchg, {.rd = a0, .rj = a1, .imm = csr::SAVE0}),
        la::encode(Insn::iocsrrd_b, {.rd = a0, .rj = a1}),
        la::encode(Insn::iocsrwr_d, {.rd = a0, .rj = a1}),
        la::encode(Insn::tlbsrch),
        la::encode(Insn::tlbrd),
        la::encode(Insn::tlbwr),
        la::encode(Insn::tlbfill),
        la::encode(Insn::tlbclr),
        la::encode(Insn::tlbflush),
        la::encode(Insn::invtlb, {.imm = 0}),
        la::encode(Insn::invtlb, {.imm = 31}),
        la::encode(Insn::lddir, {.rd = a0, .rj = a1, .imm = 1}),
        la::encode(Insn::ldpte, {.rj = a1, .imm = 1}),
        la::encode(Insn::ertn),
        la::encode(Insn::idle),
        la::encode(Insn::cacop, {.rj = a0, .ra = 0, .imm = 0}),
        la::encode(Insn::cacop, {.rj = a0, .ra = 0x8, .imm = 0}),
    };
    cpu.write_csr(csr::SAVE0, mark);
    for (unsigned level = 1; level < 4; ++level) {
        for (const std::uint32_t word : words) {
            set_level(level);
            cpu.gpr[a0] = 0x55;
            execute_word(word);
            EXPECT_TRUE(raised(Exception::IPE)) << std::hex << word;
            EXPECT_EQ(cpu.gpr[a0], 0x55u) << std::hex << word;
        }
    }
    EXPECT_EQ(cpu.read_csr(csr::SAVE0), mark);
    EXPECT_TRUE(machine.iocsr_reads().empty());
    EXPECT_TRUE(machine.iocsr_writes().empty());
}

TEST_F(Exceptions, HitCacheOperationsAndInformationAreForEverybody) {
    map(3);
    cpu.gpr[a0] = window | data;
    for (const unsigned code : {0x10u, 0x11u, 0x12u}) {
        execute(Insn::cacop, {.rj = a0, .ra = static_cast<std::uint8_t>(code), .imm = 0});
        EXPECT_TRUE(went_on()) << code;
    }
    for (const Insn insn : {Insn::cpucfg, Insn::rdtime_d}) {
        execute(insn, {.rd = a1, .rj = 0});
        EXPECT_TRUE(went_on());
    }
    execute(Insn::dbar);
    EXPECT_TRUE(went_on());
    execute(Insn::ibar);
    EXPECT_TRUE(went_on());
}

TEST_F(Exceptions, UnitsHaveTheirOwnEnables) {
    struct Unit {
        std::uint32_t word;
        std::uint64_t enable;
        Exception off;
    };
    const Unit units[] = {
        {la::encode(Insn::fadd_s), csr::euen::FPE::mask, Exception::FPD},
        {la::encode(Insn::movgr2fr_d), csr::euen::FPE::mask, Exception::FPD},
        {la::encode(Insn::movcf2gr, {.rd = a0}), csr::euen::FPE::mask, Exception::FPD},
        {la::encode(Insn::bceqz, {.imm = 4}), csr::euen::FPE::mask, Exception::FPD},
        {la::encode(Insn::vxor_v), csr::euen::SXE::mask, Exception::SXD},
        {la::encode(Insn::vseteqz_v), csr::euen::SXE::mask, Exception::SXD},
        {la::encode(Insn::xvxor_v), csr::euen::ASXE::mask, Exception::ASXD},
    };
    for (const Unit& unit : units) {
        csrwr(csr::euen::number, 7 & ~unit.enable);
        execute_word(unit.word);
        EXPECT_TRUE(raised(unit.off)) << std::hex << unit.word;
        csrwr(csr::euen::number, unit.enable);
        execute_word(unit.word);
        EXPECT_TRUE(went_on()) << std::hex << unit.word;
    }
}

TEST_F(Exceptions, EnablingAUnitWorksForTheNextInstructionOfTheBlock) {
    Program program{code};
    program.set_csr(csr::euen::number, 1).op(Insn::movgr2fr_d, {.rd = 1, .rj = t8});
    program.set_csr(csr::euen::number, 0).op(Insn::movgr2fr_d, {.rd = 2, .rj = t8});
    Program handler{exception_entry};
    handler.stop(SoftMachine::stop_address);
    machine.load(handler);
    machine.run(program);
    EXPECT_EQ(ecode(), la::ecode(Exception::FPD));
    EXPECT_EQ(cpu.csr(csr::ERA), program.here() - 4);
}

TEST_F(Exceptions, UserLevelsMayNotBeEscapedByABlockDecodedForTheKernel) {
    // The same instructions at the same address, first at PLV 0, then at PLV 3.
    map();
    Program program{code};
    program.csrrd(a0, csr::CPUID).stop(window | SoftMachine::stop_address);
    machine.load(program);
    Program handler{exception_entry};
    handler.li(a1, 1).stop(window | SoftMachine::stop_address);
    machine.load(handler);
    machine.run(pc());
    EXPECT_EQ(cpu.gpr[a1], 0u);
    set_level(3);
    machine.run(pc());
    EXPECT_EQ(cpu.gpr[a1], 1u);
    EXPECT_EQ(ecode(), la::ecode(Exception::IPE));
}

// --- Precision in blocks -------------------------------------------------------------------------

TEST_F(Exceptions, AreExactInTheMiddleOfABlock) {
    map();
    map_one(user_page | frame(data));
    Program program{code | window};
    program.li(a0, page).li(a1, 1).li(a2, page + 0x8000);
    program.op(Insn::addi_d, {.rd = a1, .rj = a1, .imm = 1});
    program.op(Insn::st_d, {.rd = a1, .rj = a0});
    program.op(Insn::addi_d, {.rd = a1, .rj = a1, .imm = 1});
    const std::uint64_t fault = program.here();
    program.op(Insn::st_d, {.rd = a1, .rj = a2});
    program.op(Insn::addi_d, {.rd = a1, .rj = a1, .imm = 1});
    program.stop(window | SoftMachine::stop_address);
    Program raw{code};
    for (const std::uint32_t word : program.words()) raw.word(word);
    machine.load(raw);
    Program handler{refill_entry};
    handler.stop(SoftMachine::stop_address);
    machine.load(handler);
    machine.run(program.base());
    EXPECT_EQ(cpu.csr(csr::tlbrera::number), fault | 1);
    EXPECT_EQ(cpu.gpr[a1], 3u);
    EXPECT_EQ(machine.read<std::uint64_t>(data), 2u);
}

TEST_F(Exceptions, AFaultingLoadLeavesItsRegisterAlone) {
    map();
    cpu.gpr[a0] = page;
    csrwr(csr::euen::number, 7);
    cpu.vr[1].d = {1, 2, 3, 4};
    for (const Insn insn : {Insn::ld_b, Insn::ld_d, Insn::ldptr_w, Insn::ll_d}) {
        cpu.gpr[a1] = mark;
        execute(insn, {.rd = a1, .rj = a0});
        EXPECT_TRUE(raised_refill());
        EXPECT_EQ(cpu.gpr[a1], mark);
        return_to(0);
    }
    for (const Insn insn : {Insn::fld_s, Insn::fld_d, Insn::vld, Insn::xvld, Insn::vldrepl_b}) {
        execute(insn, {.rd = 1, .rj = a0});
        EXPECT_TRUE(raised_refill());
        return_to(0);
    }
    EXPECT_EQ(cpu.vr[1].d[0], 1u);
    EXPECT_EQ(cpu.vr[1].d[3], 4u);
    for (const Insn insn : {Insn::amadd_d, Insn::amswap_w, Insn::amcas_d}) {
        cpu.gpr[a1] = mark;
        execute(insn, {.rd = a1, .rj = a0, .rk = a2});
        EXPECT_TRUE(raised_refill());
        EXPECT_EQ(cpu.gpr[a1], mark);
        return_to(0);
    }
}

}  // namespace
}  // namespace lkvm::test
