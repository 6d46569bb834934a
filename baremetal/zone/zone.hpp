// SPDX-License-Identifier: GPL-2.0-or-later
// A zone: a machine of its own on some CPUs and a part of the board's memory.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/bundle.hpp>
#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/power_sink.hpp>
#include <lkvm/serial_backend.hpp>

#include "baremetal/cpu/clock.hpp"
#include "baremetal/cpu/vcpu.hpp"
#include "baremetal/memory/board_memory.hpp"
#include "baremetal/memory/stage2.hpp"
#include "loongarch/platform/platform.hpp"

namespace lkvm::hv {

enum class ZoneState : std::uint8_t { off, running, resetting, parked };

using bundle::max_zone_cpus;

/// Made by the boot CPU from the bundle; then its CPUs run it.
class Zone final : public SerialBackend, public PowerSink, public CpuInterrupts {
public:
    Zone(std::size_t number, const bundle::Zone& description, std::span<const std::byte> file);
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

    /// Takes memory for the banks and the page tables. Errors: `no_space`, those of RamBanks::add.
    [[nodiscard]] Result<> create(BoardMemory& memory, std::uint64_t boot_rom);
    /// Loads the images and makes the zone ready to run. Errors: those of the loaders.
    [[nodiscard]] Result<> load();

    [[nodiscard]] std::string_view name() const { return name_; }
    [[nodiscard]] unsigned cpu_count() const { return cpu_count_; }
    [[nodiscard]] Vcpu& vcpu(unsigned index) { return vcpus_[index]; }
    [[nodiscard]] unsigned gid() const { return gid_; }
    [[nodiscard]] const Stage2& stage2() const { return stage2_; }
    [[nodiscard]] const MmioBus& bus() const { return bus_; }
    [[nodiscard]] Iocsr& iocsr() { return platform_.iocsr(); }
    [[nodiscard]] la::Uart16550& uart() { return platform_.devices().uart(); }

    [[nodiscard]] ZoneState state() const { return state_.load(std::memory_order_acquire); }
    /// Runs vCPU `index` on this CPU for as long as the zone lives, through its resets.
    void run(unsigned index);
    /// Takes the zone out of service after something it must not do, with a report.
    void park(const Vcpu& vcpu, const char* why, const VcpuContext& context);

    // SerialBackend
    void transmit(std::span<const std::byte> bytes) override;
    void receive_ready() override {}  // input is polled
    // PowerSink
    void power_off() override { leave(ZoneState::off); }
    void reset() override { leave(ZoneState::resetting); }
    // CpuInterrupts
    void set_line(unsigned cpu, unsigned line, bool level) override;

private:
    void leave(ZoneState to);

    const std::size_t number_;
    const bundle::Zone& description_;
    const std::span<const std::byte> file_;
    const std::string_view name_;
    const unsigned cpu_count_;
    const unsigned gid_;
    RamBanks banks_;
    GuestMemory memory_{banks_};
    MmioBus bus_;
    Stage2 stage2_;
    la::Platform platform_;
    std::array<Vcpu, max_zone_cpus> vcpus_;
    std::atomic<ZoneState> state_{ZoneState::off};
    std::atomic<unsigned> cpus_out_{0};  ///< vCPUs that wait for the end of a reset
    std::atomic<unsigned> life_{0};      ///< counts loads
};

/// The time that all zones see.
[[nodiscard]] BoardClock& zones_clock();
/// Whether this CPU is the one that looks after typed input.
[[nodiscard]] bool owns_console();
/// Hands what was typed to the zone that has the console.
void poll_console();

}  // namespace lkvm::hv
