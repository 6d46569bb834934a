// SPDX-License-Identifier: GPL-2.0-or-later
// Fixture for tests of single instructions on the software CPU.
#pragma once

#include <cstdint>

#include <gtest/gtest.h>

#include "loongarch/csr/csr.hpp"
#include "loongarch/csr/exception.hpp"
#include "tests/support/soft_machine.hpp"

namespace lkvm::test {

namespace csr = la::csr;

/// One vCPU that executes what it is told, one instruction at a time, at `code`. It starts in
/// direct address translation; map() turns paging on, with a window of all privilege levels.
class CpuTest : public ::testing::Test {
protected:
    /// Physical addresses.
    static constexpr std::uint64_t ram = SoftMachine::ram_base;
    static constexpr std::uint64_t code = ram + 0x1000;
    static constexpr std::uint64_t data = ram + 0x8000;
    static constexpr std::uint64_t exception_entry = ram + 0x10000;
    static constexpr std::uint64_t refill_entry = ram + 0x20000;
    /// Where map() shows physical memory.
    static constexpr std::uint64_t window = 0x9000000000000000;

    CpuTest() {
        cpu.write_csr(csr::EENTRY, exception_entry);
        cpu.write_csr(csr::TLBRENTRY, refill_entry);
    }

    /// Executes one instruction, with block execution off, where `pc()` says.
    void execute(la::Insn insn, la::EncodeOperands operands = {}) {
        ASSERT_TRUE(la::encodable(insn, operands));
        execute_word(la::encode(insn, operands));
    }
    void execute_word(std::uint32_t word) {
        machine.write(code, word);
        cpu.pc = pc();
        machine.step(1);
    }
    /// Virtual address of `code`.
    [[nodiscard]] std::uint64_t pc() const { return code | window_; }

    std::uint64_t csrrd(unsigned number) {
        execute(la::Insn::csrrd, {.rd = reg::t0, .imm = static_cast<std::int32_t>(number)});
        return cpu.gpr[reg::t0];
    }
    /// Returns what the instruction put into its register.
    std::uint64_t csrwr(unsigned number, std::uint64_t value) {
        cpu.gpr[reg::t0] = value;
        execute(la::Insn::csrwr, {.rd = reg::t0, .imm = static_cast<std::int32_t>(number)});
        return cpu.gpr[reg::t0];
    }
    std::uint64_t csrxchg(unsigned number, std::uint64_t value, std::uint64_t mask) {
        cpu.gpr[reg::t0] = value;
        cpu.gpr[reg::t1] = mask;
        execute(la::Insn::csrxchg,
                {.rd = reg::t0, .rj = reg::t1, .imm = static_cast<std::int32_t>(number)});
        return cpu.gpr[reg::t0];
    }

    /// Turns paging on at `level`. DMW0 shows physical memory at `window` to all levels.
    void map(unsigned level = 0) {
        window_ = window;
        cpu.write_csr(csr::dmw::number0, 0x900000000000000f);
        cpu.write_csr(csr::EENTRY, exception_entry | window);
        set_level(level);
    }
    void set_level(unsigned level) {
        std::uint64_t mode = level;
        mode |= window_ != 0 ? csr::crmd::PG::mask : csr::crmd::DA::mask;
        cpu.write_csr(csr::crmd::number, mode);
    }
    /// Undoes what an exception did to the mode.
    void return_to(unsigned level) {
        cpu.csr(csr::tlbrera::number) = 0;
        set_level(level);
    }

    [[nodiscard]] unsigned ecode() const {
        return csr::estat::Ecode::get(cpu.csr(csr::estat::number));
    }
    [[nodiscard]] unsigned esubcode() const {
        return csr::estat::EsubCode::get(cpu.csr(csr::estat::number));
    }
    /// Whether the last instruction raised `exception` (not a TLB refill).
    [[nodiscard]] bool raised(la::Exception exception) const {
        return cpu.pc == (exception_entry | window_) && ecode() == la::ecode(exception) &&
               esubcode() == la::esubcode(exception);
    }
    [[nodiscard]] bool raised_refill() const { return cpu.pc == refill_entry; }
    /// Whether the last instruction was followed by the next.
    [[nodiscard]] bool went_on() const { return cpu.pc == pc() + 4; }

    /// Bits of a page for map_page(): readable, writable and executable by all levels.
    static constexpr std::uint64_t user_page = csr::tlbelo::V::mask | csr::tlbelo::D::mask |
                                               csr::tlbelo::PLV::put(0, 3) |
                                               csr::tlbelo::MAT::put(0, 1);
    /// Enters a pair of pages into the TLB as tlbfill does. `even` and `odd` as in TLBELO, 0 for
    /// none; the pair starts at `address`.
    void map_pair(std::uint64_t address, std::uint64_t even, std::uint64_t odd,
                  unsigned page_bits = 14) {
        cpu.csr(csr::tlbehi::number) = address & csr::tlbehi::VPPN::mask;
        cpu.csr(csr::tlbelo::number0) = even;
        cpu.csr(csr::tlbelo::number1) = odd;
        cpu.csr(csr::tlbidx::number) = csr::tlbidx::PS::put(0, page_bits);
        cpu.tlb_fill();
    }

    SoftMachine machine;
    la::Cpu& cpu = machine.cpu();

private:
    std::uint64_t window_ = 0;
};

}  // namespace lkvm::test
