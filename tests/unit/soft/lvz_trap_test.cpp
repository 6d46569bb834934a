// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: instructions that go to root, and the words that root is told of.
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
constexpr std::uint64_t handler = guest_base + 0x1000;
constexpr std::uint64_t user_code = guest_base + 0x2000;

/// Instructions that root emulates whatever GCFG says.
const std::array sensitive = {
    la::encode(Insn::idle),
    la::encode(Insn::iocsrrd_b, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrrd_h, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrrd_w, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrrd_d, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrwr_b, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrwr_h, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrwr_w, {.rd = a0, .rj = a1}),
    la::encode(Insn::iocsrwr_d, {.rd = a0, .rj = a1}),
};

/// The guest jumps to PLV 3 at user_code; its exceptions end at a hypercall with ESTAT in s0, ERA
/// in s1 and BADI in s2.
Program into_user_mode() {
    Program guest{guest_base};
    guest.set_csr(EENTRY, handler).set_csr(ERA, user_code).set_csr(prmd::number, 3);
    guest.op(Insn::ertn).pad_to(handler);
    return guest.csrrd(s0, estat::number).csrrd(s1, ERA).csrrd(s2, BADI).op(Insn::hvcl);
}

TEST(Lvz, Row08SensitiveInstructionsAlwaysGoToRoot) {
    LvzMachine machine;
    machine.set(gcfg::number, 0);
    machine.gpr(a0) = 0xabc;
    machine.gpr(a1) = 0x1040;
    const auto check = [&](std::uint32_t word) {
        Program guest{guest_base};
        guest.nop().word(word);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, Exception::GSPR) << std::hex << word;
        EXPECT_EQ(exit.pc, guest_base + 4);
        EXPECT_EQ(exit.word, word);
        EXPECT_EQ(machine.gpr(a0), 0xabcu);
    };
    for (const std::uint32_t word : sensitive) check(word);
    check(la::encode(Insn::cpucfg, {.rd = a0, .rj = a1}));
    EXPECT_TRUE(machine.iocsr_reads().empty());
    EXPECT_TRUE(machine.iocsr_writes().empty());
}

TEST(Lvz, Row08CpucfgGoesToRootFromEveryLevel) {
    LvzMachine machine;
    Program guest = into_user_mode();
    guest.pad_to(user_code).nop().op(Insn::cpucfg, {.rd = a0, .rj = a1});
    const GuestExit exit = machine.run_guest(guest);
    EXPECT_EQ(exit.reason, Exception::GSPR);
    EXPECT_EQ(exit.pc, user_code + 4);
    EXPECT_EQ(exit.word, la::encode(Insn::cpucfg, {.rd = a0, .rj = a1}));
}

TEST(Lvz, Row08RootExecutesThemItself) {
    LvzMachine machine;
    machine.gpr(a1) = 0x20;
    machine.root(Insn::iocsrrd_w, {.rd = a0, .rj = a1});
    EXPECT_EQ(machine.iocsr_reads().size(), 1u);
    machine.gpr(a1) = 4;
    machine.root(Insn::cpucfg, {.rd = a0, .rj = a1});
    EXPECT_EQ(machine.gpr(a0), la::counter_hz);
}

TEST(Lvz, Row08CacheInstructionsOfTheGuestDoNothingElse) {
    LvzMachine machine;
    machine.gpr(a0) = guest_base;
    for (const std::int32_t code : {0x10, 0x11, 0x12, 0x13}) {  // hit operations
        Program guest{guest_base};
        guest.word(la::encode(Insn::cacop, {.rj = a0}) | static_cast<std::uint32_t>(code));
        guest.op(Insn::hvcl);
        EXPECT_EQ(machine.run_guest(guest).reason, Exception::HVC) << code;
    }
    for (const std::uint32_t code : {0x0u, 0x1u, 0x8u, 0x9u}) {
        Program guest{guest_base};
        guest.word(la::encode(Insn::cacop, {.rj = a0}) | code).op(Insn::hvcl);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_TRUE(exit.reason == Exception::HVC || exit.reason == Exception::GSPR) << code;
    }
}

TEST(Lvz, Row32PrivilegedInstructionsInUserModeAreTheGuestsOwnFault) {
    LvzMachine machine;
    std::vector<std::uint32_t> words{sensitive.begin(), sensitive.end()};
    for (const unsigned number :
         {unsigned{crmd::number}, IMPCTL1, 0x200u, 0x3fffu, unsigned{gstat::number}}) {
        const auto imm = static_cast<std::int32_t>(number);
        words.push_back(la::encode(Insn::csrrd, {.rd = a0, .imm = imm}));
        words.push_back(la::encode(Insn::csrwr, {.rd = a0, .imm = imm}));
        words.push_back(la::encode(Insn::csrxchg, {.rd = a0, .rj = a1, .imm = imm}));
    }
    words.push_back(la::encode(Insn::cacop, {.rj = a0}) | 8);  // not a hit operation
    words.push_back(la::encode(Insn::ertn));
    words.push_back(la::encode(Insn::tlbfill));
    words.push_back(la::encode(Insn::invtlb));
    words.push_back(la::encode(Insn::lddir, {.rd = a0, .rj = a0, .imm = 1}));
    for (const std::uint32_t word : words) {
        machine.gpr(a0) = 0xabc;
        machine.set_guest(crmd::number, crmd::DA::mask);
        Program guest = into_user_mode();
        guest.pad_to(user_code).word(word);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.reason, Exception::HVC) << std::hex << word;
        EXPECT_EQ(exit.pc, handler + 12) << std::hex << word;
        EXPECT_EQ(estat::Ecode::get(machine.gpr(s0)), ecode(Exception::IPE)) << std::hex << word;
        EXPECT_EQ(machine.gpr(s1), user_code);
        EXPECT_EQ(machine.gpr(s2), word);
        EXPECT_EQ(machine.gpr(a0), 0xabcu);
    }
}

TEST(Lvz, Row34WordOfAFaultIsTheOneThatWasExecuted) {
    LvzMachine machine;
    machine.gpr(a0) = LvzMachine::guest_hole;
    for (const std::uint32_t word : {la::encode(Insn::ld_w, {.rd = a1, .rj = a0, .imm = 0x18}),
                                     la::encode(Insn::ldptr_d, {.rd = a1, .rj = a0, .imm = 0x18}),
                                     la::encode(Insn::st_b, {.rd = a1, .rj = a0, .imm = 0x18}),
                                     la::encode(Insn::vld, {.rd = 1, .rj = a0, .imm = 0x18}),
                                     la::encode(Insn::ll_w, {.rd = a1, .rj = a0, .imm = 0x18})}) {
        machine.set(euen::number, euen::writable).set_guest(euen::number, euen::writable);
        Program guest{guest_base};
        guest.nop().word(word);
        const GuestExit exit = machine.run_guest(guest);
        EXPECT_EQ(exit.word, word);
        EXPECT_EQ(exit.address, LvzMachine::guest_hole + 0x18);
        EXPECT_EQ(exit.pc, guest_base + 4);
    }
}

TEST(Lvz, Row34WordIsNotReadAgainThroughTheGuestsMappings) {
    // Code in a page that stage 2 loses while the faulting access waits for its refill: the word
    // of the access that then fails must still be there.
    LvzMachine machine;
    Program guest{guest_base};
    guest.li(a0, LvzMachine::guest_hole).op(Insn::ld_d, {.rd = a1, .rj = a0, .imm = 8});
    machine.load_guest(guest);
    const std::uint64_t code = machine.stage2.get(guest_base);
    machine.stop_at_refills(true);
    machine.fill_stage2(1, {.address = guest_base, .even = code, .odd = 0});
    machine.fill_stage2(1, {.address = LvzMachine::guest_hole});  // V = 0
    machine.stage2.set(guest_base, 0);
    const GuestExit exit = machine.run_guest(guest_base);
    EXPECT_EQ(exit.reason, Exception::PIL);
    EXPECT_EQ(exit.word, guest.words().back());
    EXPECT_EQ(exit.address, LvzMachine::guest_hole + 8);
}

TEST(Lvz, Row34WordOfCodeThatTheGuestChangedIsTheNewOne) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.li(a0, LvzMachine::guest_hole).op(Insn::ld_w, {.rd = a1, .rj = a0});
    EXPECT_EQ(machine.run_guest(guest).word, guest.words().back());
    Program changed{guest_base};
    changed.li(a0, LvzMachine::guest_hole).op(Insn::st_h, {.rd = a1, .rj = a0});
    const GuestExit exit = machine.run_guest(changed);
    EXPECT_EQ(exit.word, changed.words().back());
    EXPECT_EQ(exit.reason, Exception::PIS);
}

TEST(Lvz, InterruptsAndFetchFaultsLeaveTheWordAlone) {
    LvzMachine machine;
    Program guest{guest_base};
    guest.csrrd(a0, IMPCTL1);
    const std::uint32_t word = machine.run_guest(guest).word;
    EXPECT_EQ(machine.run_guest(LvzMachine::guest_hole).reason, Exception::PIF);
    EXPECT_EQ(machine.get(BADI), word);
    machine.set(ecfg::number, 1u << 12);
    machine.cpu().set_line(12, true);
    EXPECT_EQ(machine.run_guest(guest_base).reason, Exception::INT);
    EXPECT_EQ(machine.get(BADI), word);
}

}  // namespace
}  // namespace lkvm::test
