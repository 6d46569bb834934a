// SPDX-License-Identifier: GPL-2.0-or-later
// Every pair of instructions that one handler does, against the same two done one by one.
#include "loongarch/soft/pairs.hpp"

#include <array>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Insn;
using namespace reg;

class Pairs : public CpuTest {
protected:
    static constexpr std::uint64_t behind = code + 8;
    static constexpr std::uint64_t far = code + 0x40;
    static constexpr std::uint8_t far_pointer = t8;
    static constexpr std::uint8_t overwritten = r21;  // by stop()
    static constexpr std::size_t data_bytes = 256;

    struct State {
        std::array<std::uint64_t, 32> gpr{};
        std::array<std::uint8_t, data_bytes> memory{};
        std::uint64_t next = 0;
        std::uint64_t era = 0;
        std::uint64_t badv = 0;
        std::uint64_t instructions = 0;
        bool operator==(const State&) const = default;
    };

    Pairs() {
        for (const std::uint64_t where : {behind, far, exception_entry}) {
            Program program{where};
            machine.load(program.stop(SoftMachine::stop_address));
        }
    }

    /// `insn` with random registers, and an immediate that keeps addresses near `data`.
    std::uint32_t random_word(Insn insn) {
        static constexpr std::array<std::uint8_t, 6> registers{zero, t0, t1, t2, a0, a1};
        const auto any = [&] { return registers[random() % registers.size()]; };
        la::EncodeOperands operands;
        do {
            operands = {.rd = any(), .rj = any(), .rk = any()};
            operands.ra = static_cast<std::uint8_t>(random() % 64);
            operands.imm = static_cast<std::int32_t>(random() % 128) - 64;
        } while (!la::encodable(insn, operands) || rejected(insn, operands));
        if (insn == Insn::jirl) {
            operands.rj = far_pointer;
            operands.imm = 0;
        } else if (la::is_branch(la::format_of(insn))) {
            operands.imm = static_cast<std::int32_t>(far - code - 4);
        }
        return la::encode(insn, operands);
    }
    static bool rejected(Insn insn, const la::EncodeOperands& operands) {
        switch (insn) {
            case Insn::bstrpick_w:
            case Insn::bstrpick_d:
            case Insn::bstrins_d:
                return operands.ra < operands.imm;
            case Insn::andi:
                return operands.rd == zero;  // a marker
            default:
                return false;
        }
    }

    void prepare(unsigned seed) {
        std::mt19937_64 values{seed};
        for (unsigned i = 1; i < 32; ++i) cpu.gpr[i] = values() >> (values() % 64);
        cpu.gpr[a0] = data + 64 + values() % 64;
        cpu.gpr[a1] = data + 128;
        cpu.gpr[far_pointer] = far;
        for (std::size_t i = 0; i < data_bytes; i += 8) {
            machine.write(data + i, std::uint64_t{values()});
        }
        cpu.write_csr(csr::ERA, 0);
        cpu.write_csr(csr::BADV, 0);
        set_level(0);
        cpu.pc = code;
    }
    State state() {
        State found;
        for (unsigned i = 1; i < 32; ++i) {
            if (i != overwritten) found.gpr[i] = cpu.gpr[i];
        }
        for (std::size_t i = 0; i < data_bytes; ++i) {
            found.memory[i] = machine.read<std::uint8_t>(data + i);
        }
        found.era = cpu.csr(csr::ERA);
        found.badv = cpu.csr(csr::BADV);
        return found;
    }
    State stepped(unsigned seed) {
        prepare(seed);
        machine.step(1);
        if (cpu.pc != exception_entry) machine.step(1);
        State found = state();
        found.next = cpu.pc;
        return found;
    }
    State run(unsigned seed) {
        prepare(seed);
        machine.run_from_here();
        State found = state();
        // Somewhere in stop().
        found.next = cpu.pc >= exception_entry ? exception_entry : cpu.pc >= far ? far : behind;
        return found;
    }

    std::mt19937 random{1};
};

TEST_F(Pairs, DoWhatTheirHalvesDo) {
    unsigned pairs = 0;
    unsigned exceptions = 0;
    for (unsigned first = 0; first < la::insn_count; ++first) {
        for (unsigned second = 0; second < la::insn_count; ++second) {
            const auto one = static_cast<Insn>(first);
            const auto two = static_cast<Insn>(second);
            if (la::pair_handler(one, two) == nullptr) continue;
            ++pairs;
            for (unsigned seed = 0; seed < 4; ++seed) {
                // Half of them with exceptions of addresses that are not aligned.
                cpu.write_csr(csr::misc::number, csr::misc::ALCL::put(0, seed % 2));
                machine.write(code, random_word(one));
                machine.write(code + 4, random_word(two));
                const State expected = stepped(seed);
                const State found = run(seed);
                exceptions += expected.next == exception_entry ? 1 : 0;
                ASSERT_EQ(found, expected)
                    << la::info(one).text << ' ' << la::info(two).text << ' ' << seed << std::hex
                    << " next " << found.next << ' ' << expected.next << " era " << found.era << ' '
                    << expected.era;
            }
        }
    }
    EXPECT_GT(pairs, 500u);
    EXPECT_GT(exceptions, 100u);
}

TEST_F(Pairs, AreNotMadeOfMarkers) {
    unsigned marks = 0;
    cpu.set_marker_sink([](void* context, const la::Cpu&,
                           const la::Cpu::Marker&) { ++*static_cast<unsigned*>(context); },
                        &marks);
    Program program{code};
    program.op(Insn::andi, {.rd = zero, .rj = zero, .imm = 1});
    program.op(Insn::addi_d, {.rd = t0, .rj = t0, .imm = 1});
    program.op(Insn::andi, {.rd = zero, .rj = zero, .imm = 2}).stop(SoftMachine::stop_address);
    machine.run(program);
    EXPECT_EQ(marks, 2u);
}

}  // namespace
}  // namespace lkvm::test
