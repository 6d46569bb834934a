// SPDX-License-Identifier: GPL-2.0-or-later
// A software vCPU that waits in the middle of an access to a device, while others write to pages
// that hold code, for which all vCPUs inside the guest have to stop.
#include "loongarch/soft/outside_guest.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <thread>
#include <vector>

#include "tests/support/soft_machine.hpp"
#include "vmm/devices/loop_owner.hpp"
#include "vmm/host/console_output.hpp"
#include "vmm/host/unique_fd.hpp"

#include <signal.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

using la::Insn;
using namespace reg;

class Flag final : public virtio::WaitCondition {
public:
    [[nodiscard]] bool met() const override { return set.load(); }
    std::atomic<bool> set{false};
};

class VcpuThatWaits : public testing::Test {
protected:
    static constexpr std::uint64_t code = SoftMachine::ram_base + 0x1000;

    /// Runs a guest whose store to a device waits as `wait` does, while another thread writes to
    /// the page of its code. Calls `written` after that.
    void run(const std::function<void()>& wait, const std::function<void()>& written) {
        std::thread writer;
        machine.device.on_write = [&](std::uint64_t, std::uint64_t) {
            writer = std::thread([&] {
                // This very instruction: li a0, 2.
                const std::uint32_t word = la::encode(Insn::ori, {.rd = a0, .imm = 2});
                EXPECT_TRUE(machine.memory.write(Gpa{code + 0x80}, word).has_value());
                written();
            });
            wait();
        };
        Program program{code};
        program.li(a1, SoftMachine::device_base).pad_to(code + 0x7c);
        program.op(Insn::st_w, {.rd = zero, .rj = a1}).op(Insn::ori, {.rd = a0, .imm = 1});
        program.stop(SoftMachine::stop_address);
        machine.run(program);
        writer.join();
    }

    SoftMachine machine;
};

TEST_F(VcpuThatWaits, ForTheOwnerOfAQueueDoesNotKeepItFromWritingToCode) {
    vmm::LoopOwner owner;
    Flag done;
    bool in_time = false;
    run(
        [&] {
            // Each wait ends by itself after a while; the writer may get no CPU for longer.
            for (int i = 0; i < 20 && !done.met(); ++i) owner.wait(done);
            in_time = done.met();
        },
        [&] {
            done.set = true;
            owner.progress();
        });
    EXPECT_TRUE(in_time);
    EXPECT_EQ(machine.cpu().gpr[a0], 2u);
}

class Ignored final : public vmm::ConsoleOutput::BrokenSink {
public:
    void console_broken(int) override {}
};

TEST_F(VcpuThatWaits, ForTheReaderOfTheConsoleDoesNotKeepDevicesFromWritingToCode) {
    ::signal(SIGPIPE, SIG_IGN);  // the writing thread outlives the reader
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const vmm::UniqueFd reader(ends[0]);
    Ignored ignored;
    // That end is never closed: the thread must not find another test's file under its number.
    vmm::ConsoleOutput output(ends[1], ignored);
    const std::vector<std::byte> much(4 * vmm::ConsoleOutput::capacity);
    std::atomic<bool> written = false;
    std::atomic<bool> written_in_time = false;
    std::thread patience;
    run(
        [&] {
            // Nobody reads before the other thread has written, or failed to for long.
            patience = std::thread([&] {
                for (int i = 0; i < 3000 && !written; ++i) {
                    std::this_thread::sleep_for(std::chrono::milliseconds{10});
                }
                written_in_time = written.load();
                output.set_unlimited(true);
            });
            output.write(much);  // more than fits: the next one waits
            output.write(much);
        },
        [&] { written = true; });
    patience.join();
    EXPECT_TRUE(written_in_time);
    EXPECT_EQ(machine.cpu().gpr[a0], 2u);
}

}  // namespace
}  // namespace lkvm::test
