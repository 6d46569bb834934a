// SPDX-License-Identifier: GPL-2.0-or-later
// The guest code of the EFI runtime services, run by the software CPU on the platform's devices.
#include "loongarch/boot/runtime_services.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <vector>

#include "loongarch/boot/efi.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/power.hpp"
#include "loongarch/platform/rtc_ls7a.hpp"
#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/system.hpp"

namespace lkvm::test {
namespace {

namespace map = la::memory_map;

constexpr std::uint64_t ram_base = 0x90000000;
constexpr std::uint64_t table_at = ram_base + 0x1000;
constexpr std::uint64_t time_at = ram_base + 0x4000;
constexpr std::uint64_t return_to = ram_base + 0x8000;
constexpr std::uint64_t window = 0x9000000000000000;

struct EfiTime {
    std::uint16_t year;
    std::uint8_t month, day, hour, minute, second, padding;
    std::uint32_t nanosecond;
    std::uint16_t zone;
    std::uint8_t daylight, padding2;
};
static_assert(sizeof(EfiTime) == 16);

struct WallClock final : Clock {
    std::uint64_t monotonic_ns() override { return 1; }
    std::uint64_t wall_ns() override { return now; }
    std::uint64_t now = 1'795'338'367'600'000'000;  // 2026-11-22 09:06:07.6 UTC
};

struct NoInterrupt final : IrqLine {
    void set_level(bool) override {}
};

struct NoIocsr final : Iocsr {
    std::uint64_t read(unsigned, std::uint32_t, unsigned) override { return 0; }
    void write(unsigned, std::uint32_t, unsigned, std::uint64_t) override {}
};

struct PowerRecorder final : PowerSink {
    void power_off() override { ++offs; }
    void reset() override { ++resets; }
    int offs = 0;
    int resets = 0;
};

class RuntimeServices : public testing::Test {
protected:
    RuntimeServices() {
        EXPECT_TRUE(bus.add(map::rtc_pm_base, 0x200, rtc).has_value());
        EXPECT_TRUE(bus.add(map::power_base, map::power_size, power).has_value());
        EXPECT_TRUE(banks.add({Gpa{ram_base}, ram.size(), ram.data()}).has_value());
        system.add_region(ram_base, ram, true);
        memory.set_write_observer(&system);
        system.attach(cpu);
        const auto written = la::write_runtime_services(memory, Gpa{table_at});
        EXPECT_EQ(written.value(), window | table_at);
        table = memory.read<la::efi::RuntimeServices>(Gpa{table_at}).value();
    }

    /// Calls a service as a kernel would; returns a0.
    std::uint64_t call(std::size_t service, std::uint64_t a0, std::uint64_t a1 = 0) {
        cpu.pc = table.services[service].value() & ~window;  // direct addressing, no windows
        cpu.gpr[1] = return_to;
        cpu.gpr[4] = a0;
        cpu.gpr[5] = a1;
        const int powered = recorder.offs + recorder.resets;
        for (int i = 0; i < 200 && cpu.pc != return_to; ++i) {
            cpu.step(1);
            if (recorder.offs + recorder.resets != powered) break;  // it waits for ever now
        }
        return cpu.gpr[4];
    }

    alignas(0x10000) inline static std::array<std::byte, 0x10000> ram{};
    WallClock clock;
    NoInterrupt irq;
    NoIocsr iocsr;
    PowerRecorder recorder;
    la::RtcLs7a rtc{irq, clock};
    la::PowerDevice power{recorder};
    MmioBus bus;
    RamBanks banks;
    GuestMemory memory{banks};
    la::System system{bus, iocsr, clock};
    alignas(16) std::array<std::byte, 1 << 16> code{};
    la::Cpu cpu{system, 0, la::CpuConfig::full(), code};
    la::efi::RuntimeServices table;
};

TEST_F(RuntimeServices, TellTheTime) {
    ASSERT_TRUE(memory.write(Gpa{time_at}, std::array<std::uint64_t, 4>{~0ul, ~0ul, ~0ul, ~0ul})
                    .has_value());
    EXPECT_EQ(call(la::efi::service_get_time, time_at, time_at + 16), 0u);
    EXPECT_EQ(cpu.pc, return_to);
    const auto time = memory.read<EfiTime>(Gpa{time_at}).value();
    EXPECT_EQ(time.year, 2026);
    EXPECT_EQ(time.month, 11);
    EXPECT_EQ(time.day, 22);
    EXPECT_EQ(time.hour, 9);
    EXPECT_EQ(time.minute, 6);
    EXPECT_EQ(time.second, 7);
    EXPECT_EQ(time.nanosecond, 600'000'000u);
    EXPECT_EQ(time.zone, 0x7ff);
    EXPECT_EQ(time.daylight, 0);
    EXPECT_EQ(memory.read<std::uint64_t>(Gpa{time_at + 16}).value(), 0u);
    EXPECT_EQ(memory.read<std::uint64_t>(Gpa{time_at + 24}).value(), 0xffffffffffffff00u);
}

TEST_F(RuntimeServices, NeedNoPlaceForCapabilities) {
    ASSERT_TRUE(memory.write(Gpa{time_at + 16}, ~0ul).has_value());
    EXPECT_EQ(call(la::efi::service_get_time, time_at), 0u);
    EXPECT_EQ(memory.read<std::uint64_t>(Gpa{time_at + 16}).value(), ~0ul);
}

TEST_F(RuntimeServices, SetTheTime) {
    const EfiTime wanted{2031, 2, 28, 23, 59, 58, 0, 0, 0x7ff, 0, 0};
    ASSERT_TRUE(memory.write(Gpa{time_at}, wanted).has_value());
    EXPECT_EQ(call(la::efi::service_set_time, time_at), 0u);
    clock.now += 3'000'000'000;
    EXPECT_EQ(call(la::efi::service_get_time, time_at), 0u);
    const auto time = memory.read<EfiTime>(Gpa{time_at}).value();
    EXPECT_EQ(time.year, 2031);
    EXPECT_EQ(time.month, 3);
    EXPECT_EQ(time.day, 1);
    EXPECT_EQ(time.hour, 0);
    EXPECT_EQ(time.second, 1);
}

TEST_F(RuntimeServices, PowerOffAndReset) {
    call(la::efi::service_reset_system, 2);
    EXPECT_EQ(recorder.offs, 1);
    EXPECT_EQ(recorder.resets, 0);
    call(la::efi::service_reset_system, 0);
    EXPECT_EQ(recorder.offs, 1);
    EXPECT_EQ(recorder.resets, 1);
    EXPECT_NE(cpu.pc, return_to);
}

TEST_F(RuntimeServices, RefuseEverythingElse) {
    for (std::size_t service = 0; service < table.services.size(); ++service) {
        if (service == la::efi::service_get_time || service == la::efi::service_set_time ||
            service == la::efi::service_reset_system) {
            continue;
        }
        EXPECT_EQ(call(service, 0), 0x8000000000000003u) << service;
        EXPECT_EQ(cpu.pc, return_to);
    }
}

TEST_F(RuntimeServices, LeaveCalleeSavedRegistersAlone) {
    for (std::size_t i = 0; i < 32; ++i) cpu.gpr[i] = i == 0 ? 0 : 0x1000 + i;
    call(la::efi::service_get_time, time_at, time_at + 16);
    call(la::efi::service_set_time, time_at);
    for (const std::size_t i : {2u, 3u, 21u, 22u, 23u, 24u, 25u, 26u, 27u, 28u, 29u, 30u, 31u}) {
        EXPECT_EQ(cpu.gpr[i], 0x1000 + i);
    }
}

}  // namespace
}  // namespace lkvm::test
