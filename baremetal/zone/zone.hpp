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

#include "baremetal/control/hypercall.hpp"
#include "baremetal/control/managed_zone.hpp"
#include "baremetal/cpu/clock.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/cpu/vcpu.hpp"
#include "baremetal/device/zone_devices.hpp"
#include "baremetal/life/lifecycle.hpp"
#include "baremetal/life/log_ring.hpp"
#include "baremetal/life/panic_watch.hpp"
#include "baremetal/memory/board_memory.hpp"
#include "baremetal/memory/stage2.hpp"
#include "baremetal/zone/device_world.hpp"
#include "baremetal/zone/passed_pin.hpp"
#include "loongarch/boot/boot_layout.hpp"
#include "loongarch/platform/platform.hpp"

namespace lkvm::hv {

using bundle::max_zone_cpus;

/// Made by the boot CPU from the bundle; then its CPUs serve it for ever, and whoever controls it
/// asks through request().
class Zone final : public SerialBackend,
                   public PowerSink,
                   public CpuInterrupts,
                   public ManagedZone,
                   public DeviceHost,
                   public HypercallZone {
public:
    Zone(std::size_t number, const bundle::Zone& description, std::span<const std::byte> file);
    Zone(const Zone&) = delete;
    Zone& operator=(const Zone&) = delete;

    /// Wires the devices. Unless the bundle says otherwise the zone starts as soon as its CPUs
    /// serve it. `boot_rom` is the physical address of the start-up code that all zones share.
    /// Errors: those of MmioBus::add and ZoneDevices::create().
    [[nodiscard]] Result<> create(std::uint64_t boot_rom);

    [[nodiscard]] Vcpu& vcpu(unsigned index) { return vcpus_[index]; }
    [[nodiscard]] unsigned gid() const { return gid_; }
    [[nodiscard]] const Stage2& stage2() const { return stage2_; }
    [[nodiscard]] const MmioBus& bus() const { return bus_; }
    [[nodiscard]] Iocsr& iocsr() { return platform_.iocsr(); }
    /// Typed input for the zone; returns how many of the first bytes it took.
    [[nodiscard]] std::size_t type(std::span<const std::byte> bytes);
    [[nodiscard]] ZoneDevices& devices() { return devices_; }
    [[nodiscard]] const Lifecycle& life() const { return life_; }

    /// What the CPU of vCPU `index` does from boot to the end of days.
    [[noreturn]] void serve(unsigned index);
    /// Takes the zone out of service after something it must not do, with a report. CPU of `vcpu`.
    void park(const Vcpu& vcpu, const char* why);
    /// A line about the zone, for the console and its log. A CPU of the zone that holds no lock.
    void report(std::string_view text);
    /// What the zone writes to any of its consoles: kept, and searched for a panic. Any CPU of the
    /// zone.
    void note_output(std::span<const std::byte> bytes);
    /// Its last words were those of a kernel that has panicked. Any CPU.
    [[nodiscard]] bool seems_panicked();

    // ManagedZone
    [[nodiscard]] std::string_view name() const override { return name_; }
    [[nodiscard]] ZoneState state() const override { return life_.state(); }
    [[nodiscard]] unsigned cpu_count() const override { return cpu_count_; }
    [[nodiscard]] std::uint64_t memory_bytes() const override;
    [[nodiscard]] std::string_view reason() const override { return life_.reason(); }
    [[nodiscard]] std::uint64_t uptime_ns() override;
    [[nodiscard]] unsigned starts() const override { return life_.lives(); }
    [[nodiscard]] ExitTotals exits() const override;
    std::size_t copy_log(std::span<char> out) override { return log_.copy(out); }
    [[nodiscard]] Result<> request(ZoneRequest request) override;

    // HypercallZone
    [[nodiscard]] const GuestMemory& memory() const override { return memory_; }
    [[nodiscard]] bool has_control() const override {
        return (description_.flags & bundle::zone_flags::control) != 0;
    }
    void write_console(std::span<const std::byte> bytes) override { transmit(bytes); }

    // SerialBackend
    void transmit(std::span<const std::byte> bytes) override;
    void receive_ready() override {}  // input is polled
    // PowerSink
    void power_off() override;
    void reset() override;
    // CpuInterrupts
    void set_line(unsigned cpu, unsigned line, bool level) override;
    // DeviceHost
    void wake_for_devices() override;
    void look_at_interrupts() override { look_at_host_events("waiting for a device"); }

private:
    [[nodiscard]] Result<> claim_passed();
    [[nodiscard]] Result<> map_passed();
    // zone_load.cpp: on the first vCPU's CPU, with all of them outside the guest.
    void load();
    [[nodiscard]] Result<> take_memory();
    [[nodiscard]] Result<> fill_memory();
    [[nodiscard]] Result<std::span<const std::byte>> write_device_tree(const la::BootLayout&);
    [[nodiscard]] bool scrub();
    void give_memory_back();
    void reset_devices();

    void kick_all() const;
    [[nodiscard]] const Vcpu& current_vcpu() const;

    const std::size_t number_;
    const bundle::Zone& description_;
    const std::span<const std::byte> file_;
    const std::string_view name_;
    const unsigned cpu_count_;
    const unsigned gid_;
    std::uint64_t boot_rom_ = 0;
    RamBanks banks_;
    GuestMemory memory_{banks_};
    MmioBus bus_;
    Stage2 stage2_{[] { look_at_host_events("stage 2"); }};
    la::Platform platform_;
    PassedInterrupts passed_{platform_.chips()};
    std::array<PassedPin, bundle::max_passed> passed_pins_;
    bool identity_ = false;  ///< its banks are where the board has them, for good
    ZoneLog device_log_;
    ZoneDevices devices_;
    std::array<Vcpu, max_zone_cpus> vcpus_;
    Lifecycle life_;
    LogRing log_;
    SpinLock panic_lock_;
    PanicWatch panic_;
    std::atomic<std::uint64_t> started_ns_{0};
    SpinLock request_lock_;
    std::uint64_t paused_at_ = 0;  ///< when its first vCPU left the guest
    /// Ticks that it spent paused in this life.
    std::atomic<std::uint64_t> clock_offset_{0};
};

/// The time that all zones see.
[[nodiscard]] BoardClock& zones_clock();
/// All of them, for whoever may control them.
[[nodiscard]] ManagedZones& managed_zones();
[[nodiscard]] ControlService& control_service();
/// Memory that zones get.
[[nodiscard]] BoardMemory& board_memory();
/// Whether this CPU is the one that looks after typed input.
[[nodiscard]] bool owns_console();
/// Hands what was typed to the zone that has the console.
void poll_console();
/// A zone has come to rest; the board goes off with the last one. Any CPU.
void zone_rests();

}  // namespace lkvm::hv
