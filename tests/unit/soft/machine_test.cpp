// SPDX-License-Identifier: GPL-2.0-or-later
// The test machine itself: programs run, stop, step and reach the devices.
#include "tests/support/soft_machine.hpp"

#include <gtest/gtest.h>

namespace lkvm::test {
namespace {

using la::Insn;
using namespace reg;

TEST(SoftMachine, RunsALoopUntilTheStopDevice) {
    SoftMachine machine;
    Program code{SoftMachine::ram_base};
    code.li(a0, 10).li(a1, 0);
    const auto loop = code.bound();
    code.op(Insn::add_d, {.rd = a1, .rj = a1, .rk = a0});
    code.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = -1});
    code.branch(Insn::bnez, {.rj = a0}, loop);
    code.stop(SoftMachine::stop_address);
    machine.run(code);
    EXPECT_EQ(machine.cpu().gpr[a1], 55u);
    // And again: a machine can be run many times.
    machine.run(code);
    EXPECT_EQ(machine.cpu().gpr[a1], 55u);
}

TEST(SoftMachine, LoadsConstantsOfAllLengths) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{0xfff}, std::uint64_t{0x1000}, std::uint64_t{0x7fffffff},
          std::uint64_t{0x80000000}, std::uint64_t{0xffffffff80000000}, UINT64_MAX,
          std::uint64_t{0x123456789abcdef0}, std::uint64_t{0x000fffff00000000}}) {
        SoftMachine machine;
        Program code{SoftMachine::ram_base};
        code.li(a0, value).stop(SoftMachine::stop_address);
        machine.run(code);
        EXPECT_EQ(machine.cpu().gpr[a0], value);
    }
}

TEST(SoftMachine, RunsEachCpuOnItsThread) {
    SoftMachine machine{{.cpus = 3}};
    Program code{SoftMachine::ram_base};
    code.csrrd(a0, la::csr::CPUID).stop(SoftMachine::stop_address);
    machine.load(code);
    const std::uint64_t entries[] = {code.base(), code.base(), code.base()};
    machine.run_all(entries);
    for (unsigned i = 0; i < 3; ++i) EXPECT_EQ(machine.cpu(i).gpr[a0], i);
}

}  // namespace
}  // namespace lkvm::test
