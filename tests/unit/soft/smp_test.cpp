// SPDX-License-Identifier: GPL-2.0-or-later
// Several vCPUs: memory order, atomicity, interrupts between them, holding and stopping them.
#include "loongarch/soft/system.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/soft/cpu_test.hpp"

namespace lkvm::test {
namespace {

using la::Insn;
using namespace reg;

constexpr std::uint64_t ram = SoftMachine::ram_base;
constexpr std::uint64_t stop = SoftMachine::stop_address;

// --- Litmus tests --------------------------------------------------------------------------------

/// Each round has cache lines of its own for x, y and the results, so that nothing is reset. The
/// vCPUs meet before each round.
class Litmus : public ::testing::Test {
protected:
    static constexpr std::uint64_t rounds = 4000;
    static constexpr std::uint64_t line = 64;
    static constexpr std::uint64_t xs = ram + 0x100000;
    static constexpr std::uint64_t ys = ram + 0x180000;
    static constexpr std::uint64_t results = ram + 0x200000;
    static constexpr std::uint64_t meeting = ram + 0x80000;

    /// Program of one vCPU. In the body s0 is &x, s1 &y; what it leaves in a0 and a1 are results.
    template<class Body>
    Program thread(unsigned number, unsigned threads, Body&& body) {
        Program program{ram + number * 0x1000};
        program.li(s0, xs).li(s1, ys).li(s2, results + 16 * number).li(s3, rounds);
        program.li(s4, meeting).li(s5, 0).li(s6, 1).li(s7, stop);
        const auto round = program.bound();
        program.op(Insn::addi_d, {.rd = s5, .rj = s5, .imm = static_cast<std::int32_t>(threads)});
        program.op(Insn::amadd_db_d, {.rd = zero, .rj = s4, .rk = s6});
        const auto wait = program.bound();
        const auto here = program.label();
        program.op(Insn::ld_d, {.rd = t0, .rj = s4});
        program.branch(Insn::bgeu, {.rd = s5, .rj = t0}, here);
        // Lets the others run if there are fewer host CPUs; otherwise spins most of the time.
        program.op(Insn::addi_d, {.rd = t1, .rj = t1, .imm = 1});
        program.op(Insn::andi, {.rd = t2, .rj = t1, .imm = 0xff});
        program.branch(Insn::bnez, {.rj = t2}, wait);
        program.op(Insn::ld_w, {.rd = t2, .rj = s7}).b(wait).bind(here);
        program.li(a0, 0).li(a1, 0);
        body(program);
        program.op(Insn::st_d, {.rd = a0, .rj = s2}).op(Insn::st_d, {.rd = a1, .rj = s2, .imm = 8});
        for (const std::uint8_t pointer : {s0, s1, s2}) {
            program.op(Insn::addi_d, {.rd = pointer, .rj = pointer, .imm = line});
        }
        program.op(Insn::addi_d, {.rd = s3, .rj = s3, .imm = -1});
        program.branch(Insn::bnez, {.rj = s3}, round).stop(stop);
        return program;
    }
    static void store(Program& program, std::uint8_t pointer) {
        program.op(Insn::st_w, {.rd = s6, .rj = pointer});
    }
    static void load(Program& program, std::uint8_t to, std::uint8_t pointer) {
        program.op(Insn::ld_w, {.rd = to, .rj = pointer});
    }
    static void fence(Program& program) { program.op(Insn::dbar); }

    /// Result `which` (0 or 1) of a thread in a round.
    std::uint64_t result(SoftMachine& machine, std::uint64_t round, unsigned thread,
                         unsigned which) {
        return machine.read<std::uint64_t>(results + round * line + 16 * thread + 8 * which);
    }
    void run(SoftMachine& machine, const std::vector<Program>& programs) {
        std::vector<std::uint64_t> entries;
        for (const Program& program : programs) {
            machine.load(program);
            entries.push_back(program.base());
        }
        machine.run_all(entries);
    }
};

TEST_F(Litmus, MessagePassing) {
    SoftMachine machine{{.cpus = 2}};
    run(machine, {thread(0, 2,
                         [](Program& program) {
                             store(program, s0);
                             fence(program);
                             store(program, s1);
                         }),
                  thread(1, 2, [](Program& program) {
                      load(program, a0, s1);
                      fence(program);
                      load(program, a1, s0);
                  })});
    unsigned seen = 0;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const bool flag = result(machine, i, 1, 0) != 0;
        if (flag) {
            ++seen;
            EXPECT_EQ(result(machine, i, 1, 1), 1u) << "round " << i;
        }
    }
    RecordProperty("flag_seen", static_cast<int>(seen));
}

TEST_F(Litmus, StoreBuffering) {
    SoftMachine machine{{.cpus = 2}};
    const auto body = [](std::uint8_t mine, std::uint8_t other) {
        return [mine, other](Program& program) {
            store(program, mine);
            fence(program);
            load(program, a0, other);
        };
    };
    run(machine, {thread(0, 2, body(s0, s1)), thread(1, 2, body(s1, s0))});
    for (std::uint64_t i = 0; i < rounds; ++i) {
        EXPECT_NE(result(machine, i, 0, 0) + result(machine, i, 1, 0), 0u) << "round " << i;
    }
}

TEST_F(Litmus, StoreBufferingWithAtomicBarriers) {
    // An am*_db orders like dbar.
    SoftMachine machine{{.cpus = 2}};
    const auto body = [](std::uint8_t mine, std::uint8_t other) {
        return [mine, other](Program& program) {
            program.op(Insn::amswap_db_w, {.rd = zero, .rj = mine, .rk = s6});
            load(program, a0, other);
        };
    };
    run(machine, {thread(0, 2, body(s0, s1)), thread(1, 2, body(s1, s0))});
    for (std::uint64_t i = 0; i < rounds; ++i) {
        EXPECT_NE(result(machine, i, 0, 0) + result(machine, i, 1, 0), 0u) << "round " << i;
    }
}

TEST_F(Litmus, LoadBuffering) {
    SoftMachine machine{{.cpus = 2}};
    const auto body = [](std::uint8_t mine, std::uint8_t other) {
        return [mine, other](Program& program) {
            load(program, a0, other);
            fence(program);
            store(program, mine);
        };
    };
    run(machine, {thread(0, 2, body(s0, s1)), thread(1, 2, body(s1, s0))});
    for (std::uint64_t i = 0; i < rounds; ++i) {
        EXPECT_NE(result(machine, i, 0, 0) + result(machine, i, 1, 0), 2u) << "round " << i;
    }
}

TEST_F(Litmus, IndependentReadsOfIndependentWrites) {
    SoftMachine machine{{.cpus = 4}};
    const auto writer = [](std::uint8_t mine) {
        return [mine](Program& program) { store(program, mine); };
    };
    const auto reader = [](std::uint8_t first, std::uint8_t second) {
        return [first, second](Program& program) {
            load(program, a0, first);
            fence(program);
            load(program, a1, second);
        };
    };
    run(machine, {thread(0, 4, writer(s0)), thread(1, 4, writer(s1)), thread(2, 4, reader(s0, s1)),
                  thread(3, 4, reader(s1, s0))});
    for (std::uint64_t i = 0; i < rounds; ++i) {
        const bool x_first = result(machine, i, 2, 0) == 1 && result(machine, i, 2, 1) == 0;
        const bool y_first = result(machine, i, 3, 0) == 1 && result(machine, i, 3, 1) == 0;
        EXPECT_FALSE(x_first && y_first) << "round " << i;
    }
}

TEST_F(Litmus, CoherenceOfOneLocation) {
    // A reader never sees a counter go back.
    SoftMachine machine{{.cpus = 3}};
    constexpr std::uint64_t counter = ram + 0x80100;
    constexpr std::uint64_t wrong = ram + 0x80200;
    Program writer{ram};
    writer.li(a1, counter).li(a2, 100'000).li(a0, 0);
    writer.meet(meeting, 3, stop);
    auto loop = writer.bound();
    writer.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
    writer.op(Insn::st_d, {.rd = a0, .rj = a1});
    writer.branch(Insn::bne, {.rd = a2, .rj = a0}, loop).stop(stop);
    Program reader{ram + 0x1000};
    reader.li(a1, counter).li(a2, 100'000).li(a0, 0);
    reader.meet(meeting, 3, stop);
    loop = reader.bound();
    const auto bad = reader.label();
    const auto done = reader.label();
    reader.op(Insn::ld_d, {.rd = t0, .rj = a1});
    reader.branch(Insn::bltu, {.rd = a0, .rj = t0}, bad);
    reader.op(Insn::or_, {.rd = a0, .rj = t0});
    reader.branch(Insn::bne, {.rd = a2, .rj = a0}, loop).b(done);
    reader.bind(bad).li(t1, wrong).op(Insn::st_d, {.rd = a0, .rj = t1});
    reader.bind(done).stop(stop);
    machine.load(writer);
    machine.load(reader);
    const std::uint64_t entries[] = {ram, ram + 0x1000, ram + 0x1000};
    machine.run_all(entries);
    EXPECT_EQ(machine.read<std::uint64_t>(wrong), 0u);
}

// --- Atomicity -----------------------------------------------------------------------------------

class FourCpus : public ::testing::Test {
protected:
    static constexpr std::uint64_t counter = ram + 0x80100;
    static constexpr std::uint64_t meeting = ram + 0x80000;
    static constexpr std::uint64_t times = 20'000;

    /// Every vCPU runs `increment` `times` times; s0 is &counter, s1 is 1.
    template<class Increment>
    void run(Increment&& increment) {
        Program program{ram};
        program.li(s0, counter).li(s1, 1).li(s2, times);
        program.meet(meeting, 4, stop);
        const auto loop = program.bound();
        increment(program);
        program.op(Insn::addi_d, {.rd = s2, .rj = s2, .imm = -1});
        program.branch(Insn::bnez, {.rj = s2}, loop).stop(stop);
        machine.load(program);
        const std::uint64_t entries[] = {ram, ram, ram, ram};
        machine.run_all(entries);
    }
    SoftMachine machine{{.cpus = 4}};
};

TEST_F(FourCpus, CountByLinkedAccesses) {
    run([](Program& program) {
        const auto retry = program.bound();
        program.op(Insn::ll_d, {.rd = t0, .rj = s0});
        program.op(Insn::addi_d, {.rd = t0, .rj = t0, .imm = 1});
        program.op(Insn::sc_d, {.rd = t0, .rj = s0}).branch(Insn::beqz, {.rj = t0}, retry);
    });
    EXPECT_EQ(machine.read<std::uint64_t>(counter), 4 * times);
}

TEST_F(FourCpus, CountByLinkedWordsNextToEachOther) {
    // Two vCPUs each on the two halves of one double word.
    run([](Program& program) {
        program.csrrd(t1, csr::CPUID).op(Insn::andi, {.rd = t1, .rj = t1, .imm = 1});
        program.op(Insn::alsl_d, {.rd = t1, .rj = t1, .rk = s0, .imm = 2});
        const auto retry = program.bound();
        program.op(Insn::llacq_w, {.rd = t0, .rj = t1});
        program.op(Insn::addi_w, {.rd = t0, .rj = t0, .imm = 1});
        program.op(Insn::screl_w, {.rd = t0, .rj = t1}).branch(Insn::beqz, {.rj = t0}, retry);
    });
    EXPECT_EQ(machine.read<std::uint32_t>(counter), 2 * times);
    EXPECT_EQ(machine.read<std::uint32_t>(counter + 4), 2 * times);
}

TEST_F(FourCpus, CountByAtomicAdds) {
    run([](Program& program) { program.op(Insn::amadd_d, {.rd = zero, .rj = s0, .rk = s1}); });
    EXPECT_EQ(machine.read<std::uint64_t>(counter), 4 * times);
}

TEST_F(FourCpus, CountByCompareAndSwap) {
    run([](Program& program) {
        const auto retry = program.bound();
        program.op(Insn::ld_d, {.rd = t0, .rj = s0}).op(Insn::or_, {.rd = t2, .rj = t0});
        program.op(Insn::addi_d, {.rd = t1, .rj = t0, .imm = 1});
        program.op(Insn::amcas_d, {.rd = t2, .rj = s0, .rk = t1});
        program.branch(Insn::bne, {.rd = t2, .rj = t0}, retry);
    });
    EXPECT_EQ(machine.read<std::uint64_t>(counter), 4 * times);
}

TEST_F(FourCpus, CountByAtomicBytesWithoutDisturbingTheirNeighbors) {
    // Each vCPU has a byte of one word.
    run([](Program& program) {
        program.csrrd(t1, csr::CPUID).op(Insn::add_d, {.rd = t1, .rj = t1, .rk = s0});
        program.op(Insn::amadd_b, {.rd = zero, .rj = t1, .rk = s1});
    });
    const std::uint32_t expected = (times & 0xff) * 0x01010101u;
    EXPECT_EQ(machine.read<std::uint32_t>(counter), expected);
}

TEST_F(FourCpus, CountInBothHalvesOfAWideStore) {
    run([](Program& program) {
        const auto retry = program.bound();
        program.op(Insn::ll_d, {.rd = t0, .rj = s0}).op(Insn::dbar);
        program.op(Insn::ld_d, {.rd = t1, .rj = s0, .imm = 8});
        program.op(Insn::addi_d, {.rd = t0, .rj = t0, .imm = 1});
        program.op(Insn::addi_d, {.rd = t1, .rj = t1, .imm = 2});
        program.op(Insn::sc_q, {.rd = t0, .rj = s0, .rk = t1});
        program.branch(Insn::beqz, {.rj = t0}, retry);
    });
    EXPECT_EQ(machine.read<std::uint64_t>(counter), 4 * times);
    EXPECT_EQ(machine.read<std::uint64_t>(counter + 8), 8 * times);
}

// --- Interrupts between vCPUs --------------------------------------------------------------------

TEST(Ipi, WakesIdleCpusInTurn) {
    // A token goes round: each vCPU sleeps until the one before it interrupts it.
    constexpr unsigned cpus = 3;
    constexpr std::uint64_t turns = 300;
    SoftMachine machine{{.cpus = cpus}};
    for (unsigned i = 0; i < cpus; ++i) {
        Program program{ram + i * 0x1000};
        program.set_csr(csr::ecfg::number, 1u << 12);
        program.li(s0, SoftMachine::iocsr_raise_ipi).li(s1, SoftMachine::iocsr_lower_ipi);
        program.li(s2, i).li(s3, (i + 1) % cpus).li(s4, turns);
        const auto send = program.label();
        if (i == 0) program.b(send);
        const auto turn = program.bound();
        program.op(Insn::idle);  // interrupts are off: it wakes and goes on
        program.op(Insn::iocsrwr_w, {.rd = s2, .rj = s1});
        program.bind(send).op(Insn::iocsrwr_w, {.rd = s3, .rj = s0});
        program.op(Insn::addi_d, {.rd = s4, .rj = s4, .imm = -1});
        program.branch(Insn::bnez, {.rj = s4}, turn).stop(stop);
        machine.load(program);
    }
    const std::uint64_t entries[] = {ram, ram + 0x1000, ram + 0x2000};
    machine.run_all(entries);
    for (unsigned i = 0; i < cpus; ++i) EXPECT_EQ(machine.cpu(i).gpr[s4], 0u);
}

// --- Holding, releasing, stopping ----------------------------------------------------------------

class Holding : public ::testing::Test {
protected:
    static constexpr unsigned cpus = 4;
    /// vCPU 0 computes, 1 sleeps with a periodic timer, 2 rewrites the code of 3.
    void start(SoftMachine& machine) {
        machine.clock.follow_host();
        const std::uint64_t function = ram + 0x8000;
        Program computes{ram};
        auto loop = computes.bound();
        computes.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}).b(loop);
        Program sleeps{ram + 0x1000};
        sleeps.set_csr(csr::ecfg::number, 1u << 11).set_csr(csr::tcfg::number, 20'000 | 3);
        loop = sleeps.bound();
        sleeps.op(Insn::idle).op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
        sleeps.li(t0, 1).csrwr(t0, csr::TICLR).b(loop);
        Program writes{ram + 0x2000};
        writes.li(a1, function).li(a2, la::encode(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1}));
        loop = writes.bound();
        writes.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
        writes.op(Insn::st_w, {.rd = a2, .rj = a1}).b(loop);
        Program calls{ram + 0x3000};
        calls.li(a1, function);
        loop = calls.bound();
        calls.op(Insn::jirl, {.rd = ra, .rj = a1}).b(loop);
        Program called{function};
        called.op(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
        called.op(Insn::jirl, {.rd = zero, .rj = ra});
        for (const Program* program : {&computes, &sleeps, &writes, &calls, &called}) {
            machine.load(*program);
        }
        const std::uint64_t entries[] = {ram, ram + 0x1000, ram + 0x2000, ram + 0x3000};
        machine.start(entries);
    }
    /// Lets the vCPUs run until each has got somewhere.
    static void wait_for_progress(SoftMachine& machine) {
        for (int i = 0; i < 5000; ++i) {
            machine.system.hold(cpus);
            unsigned moved = 0;
            for (unsigned k = 0; k < cpus; ++k) moved += machine.cpu(k).gpr[a0] != 0 ? 1 : 0;
            machine.system.release();
            if (moved == cpus) return;
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
        ADD_FAILURE() << "a vCPU does not get on";
    }
    static void stop_all(SoftMachine& machine) {
        for (unsigned i = 0; i < cpus; ++i) machine.cpu(i).stop();
        machine.join();
    }
};

TEST_F(Holding, NothingMovesWhileHeldAndEverythingAfterwards) {
    SoftMachine machine{{.cpus = cpus}};
    start(machine);
    std::array<std::uint64_t, cpus> last{};
    for (int i = 0; i < 60; ++i) {
        machine.system.hold(cpus);
        std::array<std::uint64_t, cpus> now{};
        for (unsigned k = 0; k < cpus; ++k) now[k] = machine.cpu(k).instructions;
        if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{2});
        for (unsigned k = 0; k < cpus; ++k) {
            EXPECT_EQ(machine.cpu(k).instructions, now[k]);
            EXPECT_GE(now[k], last[k]);
        }
        last = now;
        machine.system.release();
        if (i % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    wait_for_progress(machine);
    stop_all(machine);
}

TEST_F(Holding, HeldCpusCanBeResetAndStartElsewhere) {
    SoftMachine machine{{.cpus = cpus}};
    start(machine);
    Program again{ram + 0x9000};
    again.li(a0, 42).stop(stop);
    machine.system.hold(cpus);
    machine.load(again);
    for (unsigned k = 0; k < cpus; ++k) {
        machine.cpu(k).reset();
        machine.cpu(k).pc = again.base();
    }
    machine.system.release();
    machine.join();
    for (unsigned k = 0; k < cpus; ++k) EXPECT_EQ(machine.cpu(k).gpr[a0], 42u) << k;
}

TEST_F(Holding, StoppingWorksAtAnyTime) {
    for (int i = 0; i < 20; ++i) {
        SoftMachine machine{{.cpus = cpus}};
        start(machine);
        if (i % 4 != 0) std::this_thread::sleep_for(std::chrono::microseconds{100 * i});
        stop_all(machine);
    }
}

TEST_F(Holding, DeviceWritesGoOnMeanwhile) {
    // A device thread writes code while the machine is held and released.
    SoftMachine machine{{.cpus = cpus}};
    start(machine);
    std::atomic<bool> end{false};
    std::thread device{[&] {
        const std::uint32_t word = la::encode(Insn::addi_d, {.rd = a0, .rj = a0, .imm = 1});
        while (!end.load()) {
            machine.write(ram + 0x8000, word);
            std::this_thread::yield();
        }
    }};
    for (int i = 0; i < 30; ++i) {
        machine.system.hold(cpus);
        machine.system.release();
    }
    wait_for_progress(machine);
    end.store(true);
    device.join();
    stop_all(machine);
}

TEST(Safepoints, LetOneThreadAtATimeRunAlone) {
    // Threads that are "inside" change a value only between polls; who runs alone sees it stable.
    std::atomic<bool> asked{false};
    la::Safepoint safepoint{[&] { asked.store(true); }};
    std::atomic<int> inside{0};
    std::atomic<bool> end{false};
    std::atomic<unsigned> alone{0};
    const auto worker = [&] {
        safepoint.enter();
        while (!end.load()) {
            inside.fetch_add(1);
            inside.fetch_sub(1);
            safepoint.poll();
        }
        safepoint.leave();
    };
    const auto exclusive = [&] {
        for (int i = 0; i < 200; ++i) {
            safepoint.begin_exclusive(false);
            EXPECT_EQ(alone.fetch_add(1), 0u);
            EXPECT_EQ(inside.load(), 0);
            EXPECT_EQ(alone.fetch_sub(1), 1u);
            safepoint.end_exclusive(false);
        }
    };
    const auto exclusive_worker = [&] {
        safepoint.enter();
        for (int i = 0; i < 200; ++i) {
            safepoint.begin_exclusive(true);
            EXPECT_EQ(alone.fetch_add(1), 0u);
            EXPECT_EQ(inside.load(), 0);
            EXPECT_EQ(alone.fetch_sub(1), 1u);
            safepoint.end_exclusive(true);
            safepoint.poll();
        }
        safepoint.leave();
    };
    std::thread a{worker};
    std::thread b{worker};
    std::thread c{exclusive};
    std::thread d{exclusive_worker};
    c.join();
    d.join();
    end.store(true);
    a.join();
    b.join();
}

}  // namespace
}  // namespace lkvm::test
