// SPDX-License-Identifier: GPL-2.0-or-later
// Fetches are coherent with every writer, without and across vCPUs, whatever is cached of the code.
#include "loongarch/soft/block.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <span>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Insn;
using namespace reg;

constexpr std::uint64_t ram = SoftMachine::ram_base;

/// ori a0, zero, number
constexpr std::uint32_t give(std::uint64_t number, std::uint8_t rd = a0) {
    return la::encode(Insn::ori, {.rd = rd, .imm = static_cast<std::int32_t>(number)});
}

// --- One vCPU ------------------------------------------------------------------------------------

/// A way to store `size` bytes at address a1 (+ offset 0). The value is in a2, a3 and vr1.
struct Store {
    const char* name;
    unsigned size;
    std::uint32_t word;
    enum : std::uint8_t { any, aligned, linked } kind = any;  ///< linked: aligned, after an ll
};
std::ostream& operator<<(std::ostream& out, const Store& store) {
    return out << store.name;
}

// clang-format off
const Store every_store[] = {
    {"st_b", 1, la::encode(Insn::st_b, {.rd = a2, .rj = a1})},
    {"st_h", 2, la::encode(Insn::st_h, {.rd = a2, .rj = a1})},
    {"st_w", 4, la::encode(Insn::st_w, {.rd = a2, .rj = a1})},
    {"st_d", 8, la::encode(Insn::st_d, {.rd = a2, .rj = a1})},
    {"stx_w", 4, la::encode(Insn::stx_w, {.rd = a2, .rj = a1, .rk = zero})},
    {"stptr_d", 8, la::encode(Insn::stptr_d, {.rd = a2, .rj = a1})},
    {"stgt_w", 4, la::encode(Insn::stgt_w, {.rd = a2, .rj = a1, .rk = zero}), Store::aligned},
    {"fst_s", 4, la::encode(Insn::fst_s, {.rd = 1, .rj = a1})},
    {"fst_d", 8, la::encode(Insn::fst_d, {.rd = 1, .rj = a1})},
    {"vst", 16, la::encode(Insn::vst, {.rd = 1, .rj = a1})},
    {"xvst", 32, la::encode(Insn::xvst, {.rd = 1, .rj = a1})},
    {"vstelm_w", 4, la::encode(Insn::vstelm_w, {.rd = 1, .rj = a1})},
    {"amswap_w", 4, la::encode(Insn::amswap_w, {.rd = t0, .rj = a1, .rk = a2}), Store::aligned},
    {"amswap_db_d", 8, la::encode(Insn::amswap_db_d, {.rd = t0, .rj = a1, .rk = a2}), Store::aligned},
    {"amswap_b", 1, la::encode(Insn::amswap_b, {.rd = t0, .rj = a1, .rk = a2}), Store::aligned},
    {"amcas_w", 4, la::encode(Insn::amcas_w, {.rd = a4, .rj = a1, .rk = a2}), Store::aligned},
    {"amcas_d", 8, la::encode(Insn::amcas_d, {.rd = a4, .rj = a1, .rk = a2}), Store::aligned},
    {"sc_w", 4, la::encode(Insn::sc_w, {.rd = a2, .rj = a1}), Store::linked},
    {"sc_d", 8, la::encode(Insn::sc_d, {.rd = a2, .rj = a1}), Store::linked},
    {"sc_q", 16, la::encode(Insn::sc_q, {.rd = a2, .rj = a1, .rk = a3}), Store::linked},
};
// clang-format on

class SelfModifying : public ::testing::TestWithParam<Store> {
protected:
    SelfModifying() { machine.cpu().write_csr(csr::euen::number, 7); }

    /// The function: gives `number` in a0 and returns. 16 nops before and behind, so that stores of
    /// every size fit.
    static Program function(std::uint64_t address, unsigned number) {
        Program program{address - 64};
        program.nop(16).word(give(number));
        program.op(Insn::jirl, {.rd = zero, .rj = ra}).nop(16);
        return program;
    }
    /// Calls the function at `address`, makes it give 2 instead of 1 by a store at `where`, calls
    /// it again. Returns both results.
    std::array<std::uint64_t, 2> modify(std::uint64_t main, std::uint64_t address,
                                        std::uint64_t where) {
        const Store& store = GetParam();
        machine.load(function(address, 1));
        std::array<std::byte, 32> wanted{};
        const Program second = function(address, 2);
        std::memcpy(wanted.data(),
                    std::as_bytes(std::span{second.words()}).data() + (where - second.base()),
                    store.size);
        std::array<std::uint64_t, 2> value{};
        std::memcpy(value.data(), wanted.data(), sizeof(value));

        Program program{main};
        program.li(a1, where).li(a5, address);
        program.op(Insn::jirl, {.rd = ra, .rj = a5}).op(Insn::or_, {.rd = s0, .rj = a0});
        program.li(a2, value[0]).li(a3, value[1]);
        program.op(Insn::ld_d, {.rd = a4, .rj = a1});  // what amcas expects
        if (store.kind == Store::linked) {
            program.op(store.size == 4 ? Insn::ll_w : Insn::ll_d, {.rd = t0, .rj = a1});
        }
        program.word(store.word).word(la::encode(Insn::ibar));
        program.op(Insn::jirl, {.rd = ra, .rj = a5}).op(Insn::or_, {.rd = s1, .rj = a0});
        program.stop(SoftMachine::stop_address);
        la::Cpu& cpu = machine.cpu();
        std::memcpy(cpu.vr[1].bytes(), wanted.data(), 32);
        machine.run(program);
        return {cpu.gpr[s0], cpu.gpr[s1]};
    }
    /// Address of a store of the parameter's size that covers the second byte of the word at
    /// `address`, which holds the number's low bits.
    [[nodiscard]] std::uint64_t covering(std::uint64_t address) const {
        return (address + 1) & ~std::uint64_t{GetParam().size - 1};
    }

    SoftMachine machine;
    static constexpr std::array<std::uint64_t, 2> changed{1, 2};
};

TEST_P(SelfModifying, InThePageOfTheRunningCode) {
    const std::uint64_t address = ram + 0x800;
    EXPECT_EQ(modify(ram, address, covering(address)), changed);
}

TEST_P(SelfModifying, InAnotherPage) {
    const std::uint64_t address = ram + 0x5800;
    EXPECT_EQ(modify(ram, address, covering(address)), changed);
}

TEST_P(SelfModifying, Unaligned) {
    const Store& store = GetParam();
    if (store.kind != Store::any || store.size == 1) GTEST_SKIP() << "is never unaligned";
    for (const std::uint64_t address : {ram + 0x800, ram + 0x5800}) {
        EXPECT_EQ(modify(ram, address, address + 1), changed);
        EXPECT_EQ(modify(ram, address, address + 2 - store.size), changed);
    }
}

TEST_P(SelfModifying, AcrossTheEndOfAPage) {
    const Store& store = GetParam();
    if (store.kind != Store::any || store.size < 4)
        GTEST_SKIP() << "does not cross the word's beginning";
    // The function begins with a page; the store begins in the page before, which holds code too.
    for (const std::uint64_t address : {ram + 0x1000, ram + 0x6000}) {
        EXPECT_EQ(modify(ram + 0x100, address, address + 2 - store.size), changed);
        EXPECT_EQ(modify(ram + 0x100, address, address - 1), changed);
    }
}

INSTANTIATE_TEST_SUITE_P(By, SelfModifying, ::testing::ValuesIn(every_store),
                         [](const ::testing::TestParamInfo<Store>& parameter) {
                             return std::string{parameter.param.name};
                         });

class Overwriting : public CpuTest {};

/// The very next instruction is replaced, by each kind of store.
TEST_F(Overwriting, TheNextInstructionOfTheBlock) {
    cpu.write_csr(csr::euen::number, 7);
    for (const Store& store : every_store) {
        if (store.size > 16) continue;
        // The store's target, aligned to 16 bytes, follows the store in the block.
        Program program{code};
        program.li(a1, code + 0x80).op(Insn::ld_d, {.rd = a4, .rj = a1});
        if (store.kind == Store::linked) {
            program.op(store.size == 4 ? Insn::ll_w : Insn::ll_d, {.rd = t0, .rj = a1});
        }
        program.pad_to(code + 0x7c).word(store.word);
        program.word(give(1)).word(give(1, a5)).nop(2).stop(SoftMachine::stop_address);
        // The low byte alone changes the destination register's bits, more the number as well.
        const std::uint64_t second = store.size == 1 ? give(1, a6) : give(0x3f);
        const std::uint64_t third = give(1, a5);
        cpu.gpr[a0] = cpu.gpr[a6] = 0;
        cpu.gpr[a2] = second | third << 32;
        const std::uint64_t nops = la::encode(Insn::andi);
        cpu.gpr[a3] = nops | nops << 32;
        cpu.vr[1].d = {cpu.gpr[a2], cpu.gpr[a3], 0, 0};
        machine.run(program);
        if (store.size == 1) {
            EXPECT_EQ(cpu.gpr[a6], 1u) << store.name;
            EXPECT_EQ(cpu.gpr[a0], 0u) << store.name;
        } else {
            EXPECT_EQ(cpu.gpr[a0], store.size == 2 ? give(0x3f) >> 10 & 0x3f : 0x3fu) << store.name;
        }
        EXPECT_EQ(cpu.gpr[a5], 1u) << store.name;
    }
}

TEST_F(Overwriting, CountsInTheCodesPageKeepWorking) {
    // A counter between the instructions, incremented by every kind of access: each discards the
    // block it is in.
    Program program{code};
    program.li(a1, code + 0x800).li(a2, 1000).li(a3, 1);
    const auto loop = program.bound();
    program.op(Insn::ld_d, {.rd = a4, .rj = a1}).op(Insn::addi_d, {.rd = a4, .rj = a4, .imm = 1});
    program.op(Insn::st_d, {.rd = a4, .rj = a1});
    program.op(Insn::amadd_d, {.rd = zero, .rj = a1, .rk = a3});
    program.op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = -1});
    program.branch(Insn::bnez, {.rj = a2}, loop).stop(SoftMachine::stop_address);
    const std::uint64_t before = cpu.instructions;
    machine.run(program);
    EXPECT_EQ(machine.read<std::uint64_t>(code + 0x800), 2000u);
    // And every instruction was counted once: the loop, constants, and what stop() adds.
    const std::uint64_t outside = program.words().size() - 6;
    EXPECT_EQ(cpu.instructions - before, 6000 + outside);
}

TEST_F(Overwriting, ALoopThatRewritesItselfInEveryRound) {
    // a0 += number; number counts up by patching the instruction.
    Program program{code};
    const auto patched = program.label();
    program.li(a1, code + 0x40).li(a2, 100);
    program.pad_to(code + 0x40).bind(patched);
    program.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 0});
    program.op(Insn::ld_w, {.rd = a3, .rj = a1})
        .op(Insn::addi_d, {.rd = a3, .rj = a3, .imm = 0x400});
    program.op(Insn::st_w, {.rd = a3, .rj = a1}).op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = -1});
    program.branch(Insn::bnez, {.rj = a2}, patched).stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a0], 99u * 100 / 2);
}

TEST_F(Overwriting, ThroughAnotherMappingOfThePage) {
    map();
    constexpr std::uint64_t alias = 0x40000000;
    map_pair(alias, ((ram + 0x4000) & ~std::uint64_t{0x3fff}) | user_page, 0);
    Program function{ram + 0x4000};
    function.word(give(1)).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load(function);
    Program program{code | window};
    program.li(a1, window | (ram + 0x4000)).li(a2, alias).li(a3, give(2));
    program.op(Insn::jirl, {.rd = ra, .rj = a1}).op(Insn::or_, {.rd = s0, .rj = a0});
    program.op(Insn::st_w, {.rd = a3, .rj = a2});
    program.op(Insn::jirl, {.rd = ra, .rj = a1}).op(Insn::or_, {.rd = s1, .rj = a0});
    program.stop(window | SoftMachine::stop_address);
    Program raw{code};
    for (const std::uint32_t word : program.words()) raw.word(word);
    machine.load(raw);
    machine.run(program.base());
    EXPECT_EQ(cpu.gpr[s0], 1u);
    EXPECT_EQ(cpu.gpr[s1], 2u);
}

TEST_F(Overwriting, ByADeviceThatTheBlockItselfKicks) {
    machine.device.on_write = [this](std::uint64_t, std::uint64_t value) {
        const std::uint32_t word = give(value);
        ASSERT_TRUE(machine.memory.write(Gpa{code + 0x80}, word).has_value());
    };
    Program program{code};
    program.li(a1, SoftMachine::device_base).li(a2, 7);
    program.pad_to(code + 0x7c).op(Insn::st_w, {.rd = a2, .rj = a1});
    program.word(give(1)).stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[a0], 7u);
}

TEST_F(Overwriting, ByALoaderBetweenRuns) {
    for (unsigned i = 1; i < 5; ++i) {
        Program program{code};
        program.word(give(i)).stop(SoftMachine::stop_address);
        machine.run(program);
        EXPECT_EQ(cpu.gpr[a0], i);
    }
}

/// The jump cache tells what it knew before from what it learned since by a number of 32 bits.
TEST_F(Overwriting, ByALoaderBeforeAllEpochsOfTheJumpCacheWentBy) {
    Program function{ram + 0x4000};
    function.word(give(1)).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load(function);
    Program program{code};
    program.li(a1, function.base()).op(Insn::jirl, {.rd = ra, .rj = a1});
    program.stop(SoftMachine::stop_address);
    machine.run(program);
    ASSERT_EQ(cpu.gpr[a0], 1u);

    std::array<std::uint64_t, 2>& epochs = la::CpuTestAccess::epochs(cpu);
    const std::uint64_t then = epochs[0];
    ASSERT_LT(then, 10000u);
    machine.write<std::uint32_t>(function.base(), give(2));
    epochs.fill(UINT32_MAX);
    for (std::uint64_t i = 0; i <= then; ++i) {
        cpu.write_csr(csr::dmw::number0, (i % 2 + 1) << 60);
    }
    ASSERT_EQ(static_cast<std::uint32_t>(epochs[0]), then);
    machine.run(program.base());
    EXPECT_EQ(cpu.gpr[a0], 2u);
}

TEST_F(Overwriting, AWholeRangeOfPagesAtOnce) {
    constexpr unsigned pages = 5;
    const auto fill = [&](unsigned number) {
        std::array<std::byte, pages * 0x1000> bytes{};
        for (unsigned i = 0; i < pages; ++i) {
            const std::array<std::uint32_t, 2> words{
                give(number + i), la::encode(Insn::jirl, {.rd = zero, .rj = ra})};
            std::memcpy(bytes.data() + i * 0x1000, words.data(), sizeof(words));
        }
        ASSERT_TRUE(machine.memory.write_bytes(Gpa{data}, bytes).has_value());
    };
    Program program{code};
    program.li(s0, 0);
    for (unsigned i = 0; i < pages; ++i) {
        program.li(a1, data + i * 0x1000).op(Insn::jirl, {.rd = ra, .rj = a1});
        program.op(Insn::add_d, {.rd = s0, .rj = s0, .rk = a0});
    }
    program.stop(SoftMachine::stop_address);
    fill(10);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[s0], 60u);
    fill(20);
    machine.run(program);
    EXPECT_EQ(cpu.gpr[s0], 110u);
}

// --- Several vCPUs -------------------------------------------------------------------------------

/// A patches what B runs. B may never see an older version than the one announced to it.
class CrossPatching : public ::testing::Test {
protected:
    /// lu12i.w rd, version: gives the version times 4096. Versions below 2^19.
    static constexpr std::uint32_t version_word(std::uint64_t version, std::uint8_t rd = a0) {
        return la::encode(Insn::lu12i_w, {.rd = rd, .imm = static_cast<std::int32_t>(version)});
    }
    static constexpr std::uint64_t writer = ram;
    static constexpr std::uint64_t reader = ram + 0x10000;
    static constexpr std::uint64_t bystander = ram + 0x40000;
    static constexpr std::uint64_t target = ram + 0x20800;
    static constexpr std::uint64_t announced = ram + 0x30000;
    static constexpr std::uint64_t acknowledged = ram + 0x30040;
    static constexpr std::uint64_t failure = ram + 0x30080;
    static constexpr std::uint64_t met = ram + 0x300c0;

    /// All three vCPUs start together.
    static void meet(Program& program) { program.meet(met, 3, SoftMachine::stop_address); }
    void load_bystander() {
        Program program{bystander};
        meet(program);
        machine.load(program.stop(SoftMachine::stop_address));
    }

    void load_function() {
        Program function{target};
        function.word(version_word(0))
            .word(version_word(0, a1))
            .op(Insn::jirl, {.rd = zero, .rj = ra});
        machine.load(function);
    }
    /// The reader: calls the function until version `last` was announced, checks that what it runs
    /// is at least as new as what was announced before the call, and acknowledges.
    void load_reader(std::uint64_t last, std::uint64_t base = reader) {
        Program program{base};
        const auto wrong = program.label();
        const auto done = program.label();
        program.li(s0, announced).li(s1, acknowledged).li(s2, target).li(s3, last * 4096);
        meet(program);
        const auto loop = program.bound();
        program.op(Insn::ld_d, {.rd = s4, .rj = s0}).op(Insn::dbar);
        program.op(Insn::jirl, {.rd = ra, .rj = s2});
        program.branch(Insn::bltu, {.rd = s4, .rj = a0}, wrong);
        program.op(Insn::st_d, {.rd = a0, .rj = s1});
        program.branch(Insn::bltu, {.rd = s3, .rj = s4}, loop);
        program.b(done).bind(wrong).li(t0, failure).op(Insn::st_d, {.rd = s4, .rj = t0});
        program.bind(done).stop(SoftMachine::stop_address);
        machine.load(program);
    }
    /// The writer: versions 1 to `last` with only its own ibar.
    void load_writer(std::uint64_t last, bool wait) {
        Program program{writer};
        program.li(s0, announced).li(s1, acknowledged).li(s2, target).li(s3, last).li(s4, 0);
        program.li(s5, version_word(0)).li(s6, SoftMachine::stop_address);
        meet(program);
        const auto next = program.bound();
        program.op(Insn::addi_d, {.rd = s4, .rj = s4, .imm = 1});
        program.op(Insn::slli_d, {.rd = t0, .rj = s4, .imm = 5});
        program.op(Insn::slli_d, {.rd = s8, .rj = s4, .imm = 12});
        program.op(Insn::or_, {.rd = t0, .rj = t0, .rk = s5});
        program.op(Insn::st_w, {.rd = t0, .rj = s2}).op(Insn::dbar).op(Insn::ibar);
        program.op(Insn::st_d, {.rd = s8, .rj = s0});
        if (wait) {
            const auto again = program.bound();
            program.op(Insn::ld_w, {.rd = t1, .rj = s6}).op(Insn::ld_d, {.rd = t1, .rj = s1});
            program.branch(Insn::bltu, {.rd = s8, .rj = t1}, again);
        }
        program.branch(Insn::bltu, {.rd = s3, .rj = s4}, next);
        program.stop(SoftMachine::stop_address);
        machine.load(program);
    }
    void expect_no_failure() {
        EXPECT_EQ(machine.read<std::uint64_t>(failure), 0u) << "an older version was run";
    }

    SoftMachine machine{{.cpus = 3}};
    static constexpr std::uint64_t versions = 50000;  ///< when the writer does not wait
    static constexpr std::uint64_t acknowledged_versions = 1000;
};

TEST_F(CrossPatching, EveryVersionIsSeenWithOnlyTheWritersIbar) {
    load_function();
    load_reader(acknowledged_versions);
    load_writer(acknowledged_versions, true);
    load_bystander();
    const std::uint64_t entries[] = {writer, reader, bystander};
    machine.run_all(entries);
    expect_no_failure();
    EXPECT_EQ(machine.read<std::uint64_t>(acknowledged), acknowledged_versions * 4096);
}

TEST_F(CrossPatching, NoReaderGoesBackWhileTheWriterRunsFree) {
    load_function();
    load_reader(versions);
    load_writer(versions, false);
    const std::uint64_t entries[] = {writer, reader, reader};
    machine.run_all(entries);
    expect_no_failure();
}

TEST_F(CrossPatching, AlsoWhenTheCodeIsInTheReadersOwnPage) {
    // The reader's acknowledgment lies in the page of its code, too.
    load_reader(acknowledged_versions, target + 0x100);
    load_function();
    load_writer(acknowledged_versions, true);
    load_bystander();
    const std::uint64_t entries[] = {writer, target + 0x100, bystander};
    machine.run_all(entries);
    expect_no_failure();
}

TEST_F(CrossPatching, ByADeviceThreadThroughGuestMemory) {
    load_function();
    load_reader(versions);
    load_bystander();
    const std::uint64_t entries[] = {reader, reader, bystander};
    machine.start(entries);
    for (std::uint64_t version = 1; version <= versions; ++version) {
        const auto slice = machine.memory.slice(Gpa{target}, 4);
        ASSERT_TRUE(slice.has_value());
        // Atomic for the thread sanitizer's sake; the vCPUs read concurrently.
        __atomic_store_n(reinterpret_cast<std::uint32_t*>(slice.value().data()),
                         version_word(version), __ATOMIC_RELAXED);
        machine.memory.mark_written(Gpa{target}, 4);
        machine.write<std::uint64_t>(announced, version * 4096);
        if (version % 64 == 0) std::this_thread::yield();
    }
    machine.join();
    expect_no_failure();
}

TEST_F(CrossPatching, ByStoresOverTwoPages) {
    // The function's first instruction ends a page, its second begins the next; one unaligned store
    // changes both. The reader runs them as code of two pages.
    constexpr std::uint64_t end = ram + 0x21000;
    Program function{end - 4};
    function.word(version_word(0)).word(version_word(0, a1)).op(Insn::jirl, {.rd = zero, .rj = ra});
    machine.load(function);
    const auto reader_program = [&](std::uint64_t base) {
        Program program{base};
        const auto wrong = program.label();
        const auto done = program.label();
        program.li(s0, announced).li(s2, end - 4).li(s3, versions * 4096);
        meet(program);
        const auto loop = program.bound();
        program.op(Insn::ld_d, {.rd = s4, .rj = s0}).op(Insn::dbar);
        program.op(Insn::jirl, {.rd = ra, .rj = s2});
        program.branch(Insn::bltu, {.rd = s4, .rj = a0}, wrong);
        program.branch(Insn::bltu, {.rd = s4, .rj = a1}, wrong);
        program.branch(Insn::bltu, {.rd = s3, .rj = s4}, loop);
        program.b(done).bind(wrong).li(t0, failure).op(Insn::st_d, {.rd = s4, .rj = t0});
        program.bind(done).stop(SoftMachine::stop_address);
        machine.load(program);
    };
    reader_program(reader);
    Program program{writer};
    program.li(s0, announced).li(s2, end - 4).li(s3, versions).li(s4, 0);
    program.li(s5, version_word(0) | std::uint64_t{version_word(0, a1)} << 32);
    meet(program);
    const auto next = program.bound();
    program.op(Insn::addi_d, {.rd = s4, .rj = s4, .imm = 1});
    program.op(Insn::slli_d, {.rd = t0, .rj = s4, .imm = 5});
    program.op(Insn::slli_d, {.rd = s8, .rj = s4, .imm = 12});
    program.op(Insn::slli_d, {.rd = t1, .rj = t0, .imm = 32});
    program.op(Insn::or_, {.rd = t0, .rj = t0, .rk = t1});
    program.op(Insn::or_, {.rd = t0, .rj = t0, .rk = s5});
    program.op(Insn::st_d, {.rd = t0, .rj = s2}).op(Insn::ibar);
    program.op(Insn::dbar).op(Insn::st_d, {.rd = s8, .rj = s0});
    program.branch(Insn::bltu, {.rd = s3, .rj = s4}, next);
    program.stop(SoftMachine::stop_address);
    machine.load(program);
    const std::uint64_t entries[] = {writer, reader, reader};
    machine.run_all(entries);
    expect_no_failure();
}

TEST_F(CrossPatching, AtomicsWinAgainstACpuThatKeepsDecodingFromTheirPage) {
    // Two vCPUs count in a page from which the third runs: nobody may get an exception (the atomic
    // access is repeated, not interrupted) and no count may be lost.
    constexpr std::uint64_t counter = target + 0x200;
    constexpr unsigned rounds = 1000;
    for (unsigned i = 0; i < 3; ++i) {
        machine.cpu(i).write_csr(csr::EENTRY, ram + 0x50000);
        machine.cpu(i).write_csr(csr::crmd::number, csr::crmd::DA::mask);
    }
    Program handler{ram + 0x50000};
    handler.li(t0, failure).op(Insn::st_d, {.rd = t0, .rj = t0}).stop(SoftMachine::stop_address);
    machine.load(handler);
    Program adder{writer};
    adder.li(a1, counter).li(a2, rounds).li(a3, 1);
    meet(adder);
    const auto loop = adder.bound();
    adder.op(Insn::amadd_d, {.rd = zero, .rj = a1, .rk = a3});
    const auto retry = adder.bound();
    adder.op(Insn::ll_d, {.rd = t0, .rj = a1}).op(Insn::addi_d, {.rd = t0, .rj = t0, .imm = 1});
    adder.op(Insn::sc_d, {.rd = t0, .rj = a1}).branch(Insn::beqz, {.rj = t0}, retry);
    adder.op(Insn::addi_d, {.rd = a2, .rj = a2, .imm = -1});
    adder.branch(Insn::bnez, {.rj = a2}, loop).stop(SoftMachine::stop_address);
    machine.load(adder);
    Program runner{target};
    runner.li(a1, counter).li(a2, 4 * rounds);
    meet(runner);
    const auto wait = runner.bound();
    runner.op(Insn::ld_d, {.rd = t0, .rj = a1});
    runner.branch(Insn::bne, {.rd = a2, .rj = t0}, wait).stop(SoftMachine::stop_address);
    machine.load(runner);
    const std::uint64_t entries[] = {writer, writer, target};
    machine.run_all(entries);
    EXPECT_EQ(machine.read<std::uint64_t>(counter), 4 * rounds);
    expect_no_failure();
}

}  // namespace
}  // namespace lkvm::test
