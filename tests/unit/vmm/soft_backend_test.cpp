// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/soft/soft_backend.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <lkvm/endian.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/iocsr.hpp>
#include <lkvm/mmio_bus.hpp>

#include "loongarch/platform/memory_map.hpp"
#include "tests/unit/vmm/temporary_file.hpp"
#include "vmm/host/host_clock.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/machine/backend_request.hpp"
#include "vmm/machine/guest_ram.hpp"

#include <fcntl.h>
#include <unistd.h>

namespace lkvm::test {
namespace {

class NoIocsr final : public Iocsr {
public:
    std::uint64_t read(unsigned, std::uint32_t, unsigned) override { return 0; }
    void write(unsigned, std::uint32_t, unsigned, std::uint64_t) override {}
};

/// What a backend is made for: RAM and nothing else.
struct Surroundings {
    Surroundings() {
        RamBanks plan;
        EXPECT_TRUE(plan.add({default_ram_base, std::uint64_t{1} << 20, nullptr}).has_value());
        EXPECT_TRUE(ram.map(plan).has_value());
        auto made = vmm::MemoryMapping::create(la::memory_map::boot_rom_size,
                                               la::memory_map::boot_rom_base.value);
        EXPECT_TRUE(made.has_value());
        rom = std::move(made).value();
    }
    [[nodiscard]] vmm::BackendRequest request(unsigned cpus) {
        return {.cpu_count = cpus,
                .memory = ram.memory(),
                .bus = bus,
                .iocsr = iocsr,
                .clock = clock,
                .boot_rom = rom.bytes()};
    }

    vmm::GuestRam ram;
    vmm::MemoryMapping rom;
    const MmioBus bus;
    NoIocsr iocsr;
    vmm::HostClock clock;
};

constexpr vmm::VcpuStart start{.pc = default_ram_base.value};

/// Runs a program of two instructions, which stores to memory, then sleeps, and is stopped.
void run_little(const vmm::BackendRequest& request) {
    constexpr std::uint32_t st_d_a1_a0 = 0x29c00085;
    constexpr std::uint32_t idle = 0x06488000;
    GuestMemory& memory = request.memory;
    const Gpa seen{default_ram_base.value + 0x1000};
    ASSERT_TRUE(memory.write(default_ram_base, Le32{st_d_a1_a0}).has_value());
    ASSERT_TRUE(memory.write(Gpa{default_ram_base.value + 4}, Le32{idle}).has_value());
    auto backend = vmm::make_soft_backend(request);
    ASSERT_TRUE(backend.has_value());
    const std::unique_ptr<vmm::Backend> owned = std::move(backend).value();
    owned->reset({.pc = default_ram_base.value, .a0 = seen.value, .a1 = 1}, start);
    owned->resume();
    while (memory.read<std::uint64_t>(seen).value() == 0) {
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    owned->stop();
}

/// In sanitized builds: its parts refer to each other until the last one is gone.
TEST(SoftBackend, GoesCleanlyWithAllItsCpusRunningOrNot) {
    for (const bool runs : {false, true}) {
        Surroundings around;
        auto backend = vmm::make_soft_backend(around.request(4));
        ASSERT_TRUE(backend.has_value());
        const std::unique_ptr<vmm::Backend> owned = std::move(backend).value();
        owned->reset(start, start);
        if (runs) owned->resume();
        owned->stop();
    }
}

TEST(SoftBackend, SaysOnceThatATraceCannotBeWritten) {
    Surroundings around;
    constexpr std::uint32_t branch_to_itself = 0x50000000;
    ASSERT_TRUE(around.ram.memory().write(default_ram_base, Le32{branch_to_itself}).has_value());
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> told;
    vmm::BackendRequest request = around.request(1);
    request.trace_file = "/dev/full";
    request.fatal = [&](const std::string& report) {
        const std::lock_guard lock(mutex);
        told.push_back(report);
        changed.notify_all();
    };
    auto backend = vmm::make_soft_backend(request);
    ASSERT_TRUE(backend.has_value());
    const std::unique_ptr<vmm::Backend> owned = std::move(backend).value();
    owned->reset(start, start);
    owned->resume();
    {
        std::unique_lock lock(mutex);
        EXPECT_TRUE(
            changed.wait_for(lock, std::chrono::seconds{60}, [&] { return !told.empty(); }));
    }
    owned->stop();
    EXPECT_EQ(told, std::vector<std::string>{"--trace '/dev/full': No space left on device"});
}

TEST(SoftBackend, SaysThatTheLastLinesOfATraceCannotBeWritten) {
    Surroundings around;
    std::vector<std::string> told;
    vmm::BackendRequest request = around.request(1);
    request.trace_file = "/dev/full";
    request.fatal = [&](const std::string& report) { told.push_back(report); };
    run_little(request);
    EXPECT_EQ(told, std::vector<std::string>{"--trace '/dev/full': No space left on device"});
}

TEST(SoftBackend, TracesToStandardErrorBehindWhatIsThere) {
    const TemporaryFile file(std::string_view("before\n"));
    const vmm::UniqueFd error(::open(file.path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    const vmm::UniqueFd kept(::dup(STDERR_FILENO));
    ASSERT_GE(::dup2(error.value(), STDERR_FILENO), 0);
    Surroundings around;
    vmm::BackendRequest request = around.request(1);
    request.trace_file = "/dev/stderr";
    run_little(request);
    ASSERT_GE(::dup2(kept.value(), STDERR_FILENO), 0);
    std::ifstream read(file.path());
    const std::string text(std::istreambuf_iterator<char>(read), {});
    EXPECT_TRUE(text.starts_with("before\n0 0000000090000000 29c00085 st.d")) << text;
}

}  // namespace
}  // namespace lkvm::test
