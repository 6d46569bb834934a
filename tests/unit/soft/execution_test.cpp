// SPDX-License-Identifier: GPL-2.0-or-later
// Block execution: counting of instructions, single steps, the tracer, a bounded code cache, and
// that all ways to run a program agree.
#include "loongarch/soft/cpu.hpp"

#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace reg;

constexpr std::uint64_t ram = SoftMachine::ram_base;

// --- Counting ------------------------------------------------------------------------------------

class Counting : public CpuTest {
protected:
    /// Instructions that a run of `program` counts. stop() is the last thing it does.
    std::uint64_t count(const Program& program) {
        machine.load(program);
        const std::uint64_t before = cpu.instructions;
        machine.run(program.base());
        return cpu.instructions - before;
    }
    static std::uint64_t length(const Program& program) { return program.words().size(); }
};

TEST_F(Counting, StraightCodeCountsEachInstructionOnce) {
    for (const unsigned nops : {0u, 1u, 5u, 127u, 128u, 129u, 400u}) {  // blocks hold 128
        Program program{code};
        program.nop(nops).stop(SoftMachine::stop_address);
        EXPECT_EQ(count(program), length(program)) << nops;
    }
}

TEST_F(Counting, CodeOverAPageEndToo) {
    Program program{ram + 0x2f80};
    program.nop(100).stop(SoftMachine::stop_address);
    EXPECT_EQ(count(program), length(program));
}

TEST_F(Counting, LoopsCountEveryRound) {
    Program program{code};
    program.li(a0, 1000);
    const auto loop = program.bound();
    program.nop(3).op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    program.branch(Insn::bnez, {.rj = a0}, loop).stop(SoftMachine::stop_address);
    EXPECT_EQ(count(program), length(program) + 999 * 5);
}

TEST_F(Counting, CallsThroughRegistersAndOverPagesToo) {
    Program function{ram + 0x9000};
    function.nop(2).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load(function);
    Program program{code};
    program.li(a0, 100).li(a1, function.base());
    const auto loop = program.bound();
    program.op(Insn::jirl, {.rd = ra, .rj = a1});
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    program.branch(Insn::bnez, {.rj = a0}, loop).stop(SoftMachine::stop_address);
    EXPECT_EQ(count(program), length(program) + 99 * 3 + 100 * 3);
}

TEST_F(Counting, AnInstructionThatRaisesAnExceptionIsNotCounted) {
    Program handler{exception_entry};
    handler.csrrd(t0, csr::ERA).op(Insn::addi_d, {.rd = t0, .rj = t0, .imm = 4});
    handler.csrwr(t0, csr::ERA).op(Insn::ertn);
    machine.load(handler);
    // In the middle of blocks, at their ends, at once at the beginning.
    Program program{code};
    program.li(a0, data + 1);
    program.op(Insn::syscall).nop(3).op(Insn::break_).word(0).nop(5);
    program.op(Insn::amadd_w, {.rd = a1, .rj = a0, .rk = a2}).nop(2);
    program.op(Insn::asrtgt_d, {.rj = zero, .rk = zero});
    program.stop(SoftMachine::stop_address);
    constexpr unsigned exceptions = 5;
    EXPECT_EQ(count(program), length(program) - exceptions + exceptions * length(handler));
}

TEST_F(Counting, ARefilledAccessIsCountedOnceItIsDone) {
    map();
    Program handler{refill_entry};
    handler.set_csr(csr::TLBRELO0, (ram + 0x100000) | user_page);
    handler.set_csr(csr::TLBRELO1, (ram + 0x104000) | user_page);
    handler.csrrd(t0, csr::tlbrehi::number).op(Insn::ori, {.rd = t0, .rj = t0, .imm = 14});
    handler.csrwr(t0, csr::tlbrehi::number).op(Insn::tlbfill).op(Insn::ertn);
    machine.load(handler);
    Program program{code | window};
    program.li(a0, 0x40000000).nop(3).op(Insn::ld_d, {.rd = a1, .rj = a0}).nop(4);
    program.stop(window | SoftMachine::stop_address);
    Program raw{code};
    for (const std::uint32_t word : program.words()) raw.word(word);
    machine.load(raw);
    const std::uint64_t before = cpu.instructions;
    machine.run(program.base());
    EXPECT_EQ(cpu.instructions - before, length(program) + length(handler));
}

TEST_F(Counting, InstructionsThatEndABlockEarlyAreCountedOnce) {
    Program program{code};
    program.li(a0, SoftMachine::iocsr_lower_ipi).set_csr(csr::ecfg::number, 0);
    program.op(Insn::iocsrwr_w, {.rd = zero, .rj = a0}).nop();
    program.set_csr(csr::asid::number, 1).op(Insn::invtlb).op(Insn::tlbwr).op(Insn::tlbfill).nop();
    program.csrrd(t0, csr::estat::number).op(Insn::dbar).op(Insn::ibar);
    program.set_csr(csr::euen::number, 7).op(Insn::vst, {.rd = 0, .rj = a1, .imm = 0});
    cpu.gpr[a1] = code + 0x7f0;  // into its own page
    program.stop(SoftMachine::stop_address);
    EXPECT_EQ(count(program), length(program));
}

TEST_F(Counting, InterruptedCodeIsCountedExactly) {
    // Every round the handler runs once, wherever the interrupt comes.
    Program handler{exception_entry};
    handler.set_csr(csr::estat::number, 0).op(Insn::ertn);
    machine.load(handler);
    Program program{code};
    program.set_csr(csr::ecfg::number, 3);
    program.set_csr(csr::crmd::number, csr::crmd::DA::mask | csr::crmd::IE::mask);
    program.li(a0, 50).li(t1, 1);
    const auto loop = program.bound();
    program.nop(2).op(Insn::or_, {.rd = t2, .rj = t1}).csrwr(t2, csr::estat::number).nop(3);
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    program.branch(Insn::bnez, {.rj = a0}, loop).stop(SoftMachine::stop_address);
    EXPECT_EQ(count(program), length(program) + 49 * 9 + 50 * length(handler));
}

TEST_F(Counting, ResetKeepsTheCount) {
    Program program{code};
    program.nop(10).stop(SoftMachine::stop_address);
    count(program);
    const std::uint64_t before = cpu.instructions;
    cpu.reset();
    EXPECT_EQ(cpu.instructions, before);
}

// --- Steps ---------------------------------------------------------------------------------------

class Steps : public CpuTest {};

TEST_F(Steps, ExecuteOneInstructionEach) {
    Program program{code};
    const auto over = program.label();
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(over).nop().bind(over);
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
    machine.load(program);
    cpu.pc = code;
    const std::uint64_t before = cpu.instructions;
    machine.step(1);
    EXPECT_EQ(cpu.pc, code + 4);
    machine.step(1);
    EXPECT_EQ(cpu.pc, code + 12);
    machine.step(1);
    EXPECT_EQ(cpu.pc, code + 16);
    EXPECT_EQ(cpu.gpr[a0], 2u);
    EXPECT_EQ(cpu.instructions - before, 3u);
}

TEST_F(Steps, CountAnExceptionAsOne) {
    machine.write(exception_entry, la::encode(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}));
    machine.write(code, la::encode(Insn::syscall));
    cpu.pc = code;
    machine.step(1);
    EXPECT_EQ(cpu.pc, exception_entry);
    EXPECT_EQ(cpu.gpr[a0], 0u);
    machine.step(1);
    EXPECT_EQ(cpu.gpr[a0], 1u);
}

TEST_F(Steps, EndInAStormOfExceptions) {
    cpu.write_csr(csr::EENTRY, SoftMachine::hole);
    cpu.pc = SoftMachine::hole;
    machine.step(1000);
    EXPECT_EQ(cpu.pc, SoftMachine::hole);
}

TEST_F(Steps, MixWithRuns) {
    Program program{code};
    program.nop(4).op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
    program.stop(SoftMachine::stop_address);
    for (unsigned i = 0; i < 5; ++i) {
        cpu.gpr[a0] = 0;
        machine.load(program);
        cpu.pc = code;
        machine.step(i);
        EXPECT_EQ(cpu.pc, code + 4 * i);
        machine.run_from_here();
        EXPECT_EQ(cpu.gpr[a0], 1u);
    }
}

// --- Tracer --------------------------------------------------------------------------------------

using Trace = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

void record(void* context, la::Cpu&, std::uint64_t pc, std::uint32_t word) {
    static_cast<Trace*>(context)->emplace_back(pc, word);
}

TEST_F(Steps, TheTracerSeesEveryInstructionInOrder) {
    Program handler{exception_entry};
    handler.stop(SoftMachine::stop_address);
    machine.load(handler);
    Program program{code};
    program.li(a0, 2);
    const auto loop = program.bound();
    program.nop().op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    program.branch(Insn::bnez, {.rj = a0}, loop).op(Insn::syscall);
    machine.load(program);
    Trace trace;
    cpu.set_tracer(&record, &trace);
    machine.run(code);
    cpu.set_tracer(nullptr, nullptr);
    Trace expected;
    const auto add = [&](std::uint64_t pc) {
        expected.emplace_back(pc, machine.read<std::uint32_t>(pc));
    };
    add(code);
    for (int round = 0; round < 2; ++round) {
        for (std::uint64_t pc = code + 4; pc < code + 16; pc += 4) add(pc);
    }
    add(code + 16);
    // All but the last of stop(), as the CPU looks around after each instruction.
    for (std::uint64_t pc = exception_entry; pc < handler.here() - 4; pc += 4) add(pc);
    EXPECT_EQ(trace, expected);
    // Without it the same program runs as before.
    const std::size_t seen = trace.size();
    machine.run(code);
    EXPECT_EQ(trace.size(), seen);
    EXPECT_EQ(ecode(), la::ecode(Exception::SYS));
}

TEST_F(Steps, TheTracerCanBeSetAndTakenAwayWhileTheCpuRuns) {
    Trace trace;
    machine.device.on_write = [&](std::uint64_t, std::uint64_t value) {
        cpu.set_tracer(value != 0 ? &record : nullptr, &trace);
    };
    Program program{code};
    program.li(a1, SoftMachine::device_base).li(a2, 1);
    const auto far = program.label();
    program.op(Insn::st_w, {.rd = a2, .rj = a1}).b(far).nop(4).bind(far);
    const std::uint64_t first = program.here();
    program.nop(3).op(Insn::st_w, {.rd = zero, .rj = a1});
    const std::uint64_t end = program.here();
    program.nop(3).stop(SoftMachine::stop_address);
    machine.run(program);
    ASSERT_GE(trace.size(), 4u);
    // At the latest from the next block on, and not after it was taken away.
    EXPECT_EQ(trace[trace.size() - 4].first, first);
    EXPECT_EQ(trace.back().first, end - 4);
}

// --- Where instructions are ----------------------------------------------------------------------

TEST_F(CpuTest, OneBlockKnowsItsAddressInEveryPlaceItIsMappedTo) {
    namespace csr = la::csr;
    constexpr std::uint64_t windows[] = {std::uint64_t{8} << 60, std::uint64_t{9} << 60};
    cpu.write_csr(csr::dmw::number0, windows[0] | 1);
    cpu.write_csr(csr::dmw::number0 + 1, windows[1] | 1);
    cpu.write_csr(csr::crmd::number, csr::crmd::PG::mask);
    // Over the end of a page, with branches inside and out.
    Program program{ram + 0x2fe8};
    const auto first = program.label();
    const auto second = program.label();
    program.b(first).nop(1).bind(first).op(Insn::pcaddi, {.rd = a0});
    program.op(Insn::bl, {.imm = 4}).op(Insn::pcaddi, {.rd = a1}).b(second).nop(1).bind(second);
    program.op(Insn::pcaddi, {.rd = a2}).stop(windows[0] | SoftMachine::stop_address);
    machine.load(program);
    for (unsigned round = 0; round < 6; ++round) {
        const std::uint64_t start = windows[round % 2] | program.base();
        machine.run(start);
        EXPECT_EQ(cpu.gpr[a0], start + 8) << round;
        EXPECT_EQ(cpu.gpr[ra], start + 16) << round;
        EXPECT_EQ(cpu.gpr[a1], start + 16) << round;
        EXPECT_EQ(cpu.gpr[a2], start + 28) << round;
    }
}

// --- Bounded code cache --------------------------------------------------------------------------

TEST(CodeCache, IsFlushedAndRefilledWithoutAnyHarm) {
    // A cache of a few blocks, and a program of many more blocks than fit: functions of 100
    // instructions in 256 pages, called in a changing order.
    SoftMachine machine{{.code_cache_bytes = 4096}};
    la::Cpu& cpu = machine.cpu();
    constexpr unsigned functions = 256;
    constexpr std::uint64_t first = ram + 0x100000;
    for (unsigned i = 0; i < functions; ++i) {
        Program function{first + i * 0x1000};
        for (unsigned k = 0; k < 20; ++k) {
            const auto next = function.label();
            function.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(next).bind(next);
        }
        function.op(Insn::jirl, {.rd = zero, .rj = ra});
        machine.load(function);
    }
    Program program{ram};
    program.li(s0, first).li(s1, 2000).li(s2, 0).li(a0, 0);
    const auto loop = program.bound();
    program.op(Insn::slli_d, {.rd = t0, .rj = s2, .imm = 12});
    program.op(Insn::add_d, {.rd = t0, .rj = t0, .rk = s0}).op(Insn::jirl, {.rd = ra, .rj = t0});
    program.op(Insn::addi_d, {.rd = s2, .rj = s2, .imm = 37});
    program.op(Insn::andi, {.rd = s2, .rj = s2, .imm = functions - 1});
    program.op(Insn::addi_d, {.rd = s1, .rj = s1, .imm = -1});
    program.branch(Insn::bnez, {.rj = s1}, loop).stop(SoftMachine::stop_address);
    const std::uint64_t before = cpu.instructions;
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a0], 20u * 2000);
    EXPECT_EQ(cpu.instructions - before, program.words().size() + 1999 * 7 + 2000 * (20 * 2 + 1));
}

TEST(CodeCache, OfSeveralCpusIsFlushedWhileTheyPatchEachOther) {
    SoftMachine machine{{.cpus = 2, .code_cache_bytes = 4096}};
    constexpr unsigned functions = 64;
    constexpr std::uint64_t first = ram + 0x100000;
    for (unsigned i = 0; i < functions; ++i) {
        Program function{first + i * 0x1000};
        for (unsigned k = 0; k < 60; ++k) {
            const auto next = function.label();
            function.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(next).bind(next);
        }
        function.op(Insn::jirl, {.rd = zero, .rj = ra});
        machine.load(function);
    }
    for (unsigned number = 0; number < 2; ++number) {
        Program program{ram + number * 0x1000};
        program.li(s0, first).li(s1, 1500).li(s2, number * 31).li(a0, 0);
        program.meet(ram + 0x80000, 2, SoftMachine::stop_address);
        const auto loop = program.bound();
        program.op(Insn::slli_d, {.rd = t0, .rj = s2, .imm = 12});
        program.op(Insn::add_d, {.rd = t0, .rj = t0, .rk = s0});
        // The first instruction is written again before it runs.
        program.op(Insn::ld_w, {.rd = t1, .rj = t0}).op(Insn::st_w, {.rd = t1, .rj = t0});
        program.op(Insn::jirl, {.rd = ra, .rj = t0});
        program.op(Insn::addi_d, {.rd = s2, .rj = s2, .imm = 13});
        program.op(Insn::andi, {.rd = s2, .rj = s2, .imm = functions - 1});
        program.op(Insn::addi_d, {.rd = s1, .rj = s1, .imm = -1});
        program.branch(Insn::bnez, {.rj = s1}, loop).stop(SoftMachine::stop_address);
        machine.load(program);
    }
    const std::uint64_t entries[] = {ram, ram + 0x1000};
    machine.run_all(entries);
    EXPECT_EQ(machine.cpu(0).gpr[a0], 60u * 1500);
    EXPECT_EQ(machine.cpu(1).gpr[a0], 60u * 1500);
}

// --- Agreement -----------------------------------------------------------------------------------

/// Random programs give the same registers, memory and count in blocks, in single steps and with a
/// cache that is flushed all the time.
class Agreement : public ::testing::TestWithParam<unsigned> {
protected:
    static constexpr std::uint64_t base = ram + 0x1000;
    static constexpr std::uint64_t data = ram + 0x8000;

    struct Outcome {
        std::array<std::uint64_t, 33> registers{};
        std::uint64_t count = 0;
        std::vector<std::byte> memory;
        friend bool operator==(const Outcome&, const Outcome&) = default;
    };

    Program random_program() {
        std::mt19937 random{GetParam()};
        const auto below = [&](unsigned limit) { return static_cast<unsigned>(random() % limit); };
        const auto any = [&] { return static_cast<std::uint8_t>(a0 + below(8)); };
        Program program{base};
        program.li(s0, data).li(s1, 40);
        for (std::uint8_t i = a0; i <= a7; ++i)
            program.li(i, random() * std::uint64_t{0x100000001});
        const auto loop = program.bound();
        for (unsigned i = 0; i < 300; ++i) {
            switch (below(8)) {
                case 0:
                    program.op(Insn::add_d, {.rd = any(), .rj = any(), .rk = any()});
                    break;
                case 1:
                    program.op(Insn::xor_, {.rd = any(), .rj = any(), .rk = any()});
                    break;
                case 2:
                    program.op(Insn::mul_w, {.rd = any(), .rj = any(), .rk = any()});
                    break;
                case 3:
                    program.op(
                        Insn::st_d,
                        {.rd = any(), .rj = s0, .imm = static_cast<std::int32_t>(below(2000))});
                    break;
                case 4:
                    program.op(
                        Insn::ld_w,
                        {.rd = any(), .rj = s0, .imm = static_cast<std::int32_t>(below(2000))});
                    break;
                case 5: {
                    const auto next = program.label();
                    constexpr std::array<Insn, 4> kinds{Insn::beq, Insn::bne, Insn::blt,
                                                        Insn::bgeu};
                    program.branch(kinds[below(4)], {.rd = any(), .rj = any()}, next);
                    for (unsigned k = below(4); k != 0; --k) {
                        program.op(Insn::addi_w, {.rd = any(), .rj = any(), .imm = 5});
                    }
                    program.bind(next);
                    break;
                }
                case 6:
                    program.op(Insn::pcaddu12i, {.rd = any(), .imm = 1});
                    break;
                default: {
                    // Over the words behind it.
                    const auto next = program.label();
                    program.branch(Insn::bl, {}, next).nop(below(3)).bind(next);
                    program.op(Insn::xor_, {.rd = any(), .rj = any(), .rk = ra});
                    break;
                }
            }
        }
        program.op(Insn::addi_d, {.rd = s1, .rj = s1, .imm = -1});
        const auto done = program.label();
        program.branch(Insn::beqz, {.rj = s1}, done).b(loop).bind(done);
        return program;
    }
    static Outcome outcome(SoftMachine& machine, std::uint64_t before) {
        la::Cpu& cpu = machine.cpu();
        Outcome result;
        result.registers = cpu.gpr;
        result.registers[r21] = 0;
        result.registers[la::gpr_sink] = 0;
        result.count = cpu.instructions - before;
        result.memory.assign(machine.host(data), machine.host(data) + 0x1000);
        return result;
    }
    Outcome run_blocks(Program program, std::size_t cache) {
        SoftMachine machine{{.code_cache_bytes = cache}};
        const std::uint64_t before = machine.cpu().instructions;
        const std::uint64_t body = program.words().size();
        program.stop(SoftMachine::stop_address);
        machine.run(program);
        Outcome result = outcome(machine, before);
        result.count -= program.words().size() - body;
        return result;
    }
    Outcome run_steps(const Program& program) {
        SoftMachine machine;
        machine.load(program);
        machine.cpu().pc = base;
        const std::uint64_t before = machine.cpu().instructions;
        for (unsigned i = 0; i < 100'000 && machine.cpu().pc != program.here(); ++i) {
            machine.step(1);
        }
        return outcome(machine, before);
    }
};

TEST_P(Agreement, OfBlocksStepsAndATinyCache) {
    const Program program = random_program();
    const Outcome blocks = run_blocks(program, std::size_t{4} << 20);
    EXPECT_EQ(run_steps(program), blocks);
    EXPECT_EQ(run_blocks(program, la::BlockCache::max_block_bytes), blocks);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Agreement, ::testing::Range(0u, 12u));

}  // namespace
}  // namespace lkvm::test
