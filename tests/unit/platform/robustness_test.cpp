// SPDX-License-Identifier: GPL-2.0-or-later
// The platform under accesses that no sensible guest makes, and under several threads.
#include <array>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "loongarch/platform/platform.hpp"
#include "tests/unit/platform/fakes.hpp"

namespace lkvm::test {
namespace {

constexpr std::array<std::uint64_t, 8> windows = {
    0x10000000, 0x100d0000, 0x100d0100, 0x18000000, 0x1fe001e0, 0x10000200, 0x10000380, 0x0,
};
constexpr std::array<std::uint32_t, 8> iocsr_bases = {
    0x0, 0x420, 0x1000, 0x1040, 0x1158, 0x1400, 0x1600, 0x40000000,
};

TEST(Platform, SurvivesRandomAccesses) {
    RecordingCpus cpus;
    RecordingSerial serial;
    RecordingPower power;
    ManualClock clock;
    la::Platform platform({serial, clock, power}, cpus, 8);
    MmioBus bus;
    ASSERT_TRUE(platform.add_to(bus).has_value());
    std::mt19937_64 random(7);
    for (int i = 0; i < 200000; ++i) {
        const std::uint64_t dice = random();
        const unsigned size = 1U << (dice & 3);
        const Gpa where{windows[dice >> 2 & 7] + (dice >> 8 & 0x3ff)};
        const auto address =
            static_cast<std::uint32_t>(iocsr_bases[dice >> 2 & 7] + (dice >> 20 & 0x9ff));
        const auto cpu = static_cast<unsigned>(dice >> 32 & 15);
        // Mostly small values, which mean something more often.
        const std::uint64_t value = (dice >> 40 & 3) == 0 ? random() : random() & 0xff;
        switch (dice >> 48 & 7) {
            case 0:
                (void)bus.read(where, size);
                break;
            case 1:
            case 2:
                bus.write(where, size, value);
                break;
            case 3:
                (void)platform.iocsr().read(cpu, address, size);
                break;
            case 4:
            case 5:
                platform.iocsr().write(cpu, address, size, value);
                break;
            case 6:
                platform.virtio_interrupt(static_cast<unsigned>(value % 20)).signal();
                break;
            default:
                (void)platform.devices().uart().receive(bytes_of("abc"));
                clock.advance_seconds(value & 0xf);
                platform.devices().rtc().poll();
                break;
        }
    }
    platform.reset();
    EXPECT_FALSE(cpus.any_level());
}

/// Line levels that several threads drive and look at.
class AtomicCpus final : public CpuInterrupts {
public:
    void set_line(unsigned cpu, unsigned line, bool level) override {
        levels_[cpu][line].store(level);
    }
    [[nodiscard]] bool level(unsigned cpu, unsigned line) const {
        return levels_[cpu][line].load();
    }

private:
    std::array<std::array<std::atomic<bool>, 16>, 4> levels_{};
};

TEST(Platform, EveryIpiFromEveryCpuArrives) {
    constexpr unsigned cpu_count = 4;
    constexpr unsigned rounds = 5000;
    AtomicCpus cpus;
    la::InterruptChips chips(cpus, cpu_count);
    // Each CPU sends its own bit to the next one, which answers by clearing it.
    std::vector<std::thread> threads;
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) {
        threads.emplace_back([&, cpu] {
            chips.write(cpu, 0x1004, 4, 0xffffffff);
            const unsigned next = (cpu + 1) % cpu_count;
            const unsigned before = (cpu + cpu_count - 1) % cpu_count;
            for (unsigned i = 0; i < rounds; ++i) {
                chips.write(cpu, 0x1040, 4, next << 16 | cpu);
                while (!cpus.level(cpu, ipi_line)) std::this_thread::yield();
                EXPECT_EQ(chips.read(cpu, 0x1000, 4), 1u << before);
                chips.write(cpu, 0x100c, 4, 1u << before);
                // Tell the sender through its mailbox that it may go on.
                chips.write(cpu, 0x1048, 8, std::uint64_t{before} << 16 | (i + 1ull) << 32);
                while (chips.read(cpu, 0x1020, 4) != i + 1) std::this_thread::yield();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) EXPECT_FALSE(cpus.level(cpu, ipi_line));
}

TEST(Platform, EveryPulseIsSeenByItsHandler) {
    constexpr unsigned pin = 8;
    constexpr unsigned events = 20000;
    AtomicCpus cpus;
    la::InterruptChips chips(cpus, 1);
    MmioDevice& pic = chips.pch_pic();
    chips.write(0, 0x1600, 8, ~0ull);
    pic.write(0x60, 4, 1u << pin);
    pic.write(0x20, 4, ~(1u << pin));
    std::atomic<unsigned> posted{0};
    std::thread device([&] {
        for (unsigned i = 0; i < events; ++i) {
            posted.fetch_add(1);
            chips.edge_pin(pin).signal();
        }
    });
    // The driver's order: acknowledge at both chips, then look at what the device has posted.
    unsigned seen = 0;
    while (seen < events) {
        while (!cpus.level(0, hwi0_line)) std::this_thread::yield();
        chips.write(0, 0x1800, 8, chips.read(0, 0x1800, 8));
        pic.write(0x80, 4, 1u << pin);
        seen = posted.load();
    }
    device.join();
    EXPECT_EQ(seen, events);
}

}  // namespace
}  // namespace lkvm::test
