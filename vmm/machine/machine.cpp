// SPDX-License-Identifier: GPL-2.0-or-later
// Building and loading a machine, power-off and reset. The event loop is in machine_loop.cpp.
#include "vmm/machine/machine.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <lkvm/assert.hpp>

#include "loongarch/platform/boot_rom.hpp"

#include <unistd.h>

namespace lkvm::vmm {

Machine::Machine(const MachineConfig& config, Loader loader, StderrLog& log)
    : config_(config)
    , log_(log)
    , loader_(std::move(loader))
    , console_(STDOUT_FILENO, *this, wake_)
    , platform_({console_, clock_, *this}, lines_, config.cpu_count) {}

Machine::~Machine() {
    // vCPU threads may wait for the console to take their output.
    console_.output().set_unlimited(true);
    if (backend_ != nullptr) backend_->stop();
    // run() has stopped them, or they were not started.
    LKVM_ASSERT(devices_.stop().has_value());
    lines_.connect(nullptr);
}

void Machine::leave_behind(std::unique_ptr<Machine> machine) {
    Machine* const left = machine.release();
    left->devices_.leave_behind();
    left->control_.reset();
}

void Machine::host_failed(const std::string& report) {
    log_.error(report);
    wish(wish_failed);
}

void Machine::console_broken(int error) {
    console_error_.store(error, std::memory_order_relaxed);
    wish(wish_broken);
}

void Machine::wish(Wish what) {
    // Release pairs with the acquire in grant_wishes(): what the vCPU did before is visible there.
    wishes_.fetch_or(what, std::memory_order_release);
    wake_.signal();
}

Outcome<> Machine::prepare(const RamBanks& ram, const MakeBackend& make_backend) {
    LKVM_CHECK(ram_.map(ram, config_.hugetlbfs));
    const std::span<std::byte> rom = LKVM_CHECK(make_rom());
    // The platform's windows are constants that do not overlap.
    LKVM_MUST(platform_.add_to(bus_));
    LKVM_CHECK(devices_.create(config_.devices, {ram_.memory(), bus_, log_,
                                                 [this](unsigned slot) -> IrqPulse& {
                                                     return platform_.virtio_interrupt(slot);
                                                 },
                                                 console_, config_.cpu_count}));
    backend_ = LKVM_CHECK(
        make_backend({.cpu_count = config_.cpu_count,
                      .memory = ram_.memory(),
                      .bus = bus_,
                      .iocsr = platform_.iocsr(),
                      .clock = clock_,
                      .boot_rom = rom,
                      .trace_file = config_.trace_file,
                      .marker_file = config_.marker_file,
                      .lvz = config_.lvz,
                      .code_cache_bytes = config_.code_cache_bytes,
                      .kvm = config_.kvm,
                      .affinity = config_.affinity,
                      .edge_pins = devices_.edge_pins(),
                      .fatal = [this](const std::string& report) { host_failed(report); }}));
    lines_.connect(backend_.get());
    if (backend_->is_virtual_for_guest()) platform_.chips().show_virtual_surroundings();
    LKVM_CHECK(open_control());
    if (PinSink* const pins = backend_->pin_sink()) platform_.chips().redirect_pins(*pins);
    devices_.connect_doorbells(
        [this](Gpa where, std::uint32_t value) { return backend_->add_doorbell(where, value); });
    return load();
}

/// Read-only memory where the secondary CPUs start, and with firmware the boot CPU too.
Outcome<std::span<std::byte>> Machine::make_rom() {
    if (auto* const firmware = std::get_if<FirmwareLoader>(&loader_)) {
        LKVM_CHECK(firmware->attach(bus_, ram_.memory()));
        secondary_pc_ = la::memory_map::firmware_base.value;
        return firmware->code();
    }
    boot_rom_ = LKVM_CHECK(
        MemoryMapping::create(la::memory_map::boot_rom_size, la::memory_map::boot_rom_base.value));
    std::ranges::copy(la::boot_rom(), boot_rom_.bytes().begin());
    return boot_rom_.bytes();
}

Outcome<> Machine::load() {
    boot_ = LKVM_CHECK(std::visit(
        [this](auto& loader) { return loader.load(ram_, devices_.slots(), log_); }, loader_));
    return {};
}

void Machine::start_vcpus() {
    const VcpuStart secondary{.pc = secondary_pc_};
    backend_->reset({.pc = boot_.pc, .a0 = boot_.a0, .a1 = boot_.a1, .a2 = boot_.a2}, secondary);
    backend_->resume();
}

Outcome<std::optional<ExitCode>> Machine::guest_reset() {
    const bool panicked = console_.panic_seen();
    if (panicked) {
        log_.info("the guest panicked and reset itself");
        return std::optional{ExitCode::guest_panic};
    }
    if (config_.no_reboot) {
        log_.info("the guest reset itself, which ends it (--no-reboot)");
        return std::optional{ExitCode::guest_reset};
    }
    log_.info("the guest resets itself");
    pause_vcpus();
    std::optional<ExitCode> ended;
    const Outcome<> reset = devices_.reset([&] {
        ended = ended_by_user();
        return ended.has_value();
    });
    if (ended.has_value()) return ended;
    LKVM_CHECK(reset);
    platform_.reset();
    ram_.clear();
    LKVM_CHECK(load());
    console_.forget_panic();
    panic_warned_ = false;
    panic_time_ns_.reset();
    // What the vCPUs wished before they stood still is done with.
    wishes_.fetch_and(~static_cast<unsigned>(wish_reset), std::memory_order_acquire);
    start_vcpus();
    return std::optional<ExitCode>{};
}

Outcome<> Machine::finish(bool patient) {
    console_.output().set_unlimited(true);
    backend_->stop();
    Outcome<> stopped = devices_.stop();
    stuck_ = !stopped.has_value();
    if (const std::string summary = backend_->summary(); !summary.empty()) log_.debug(summary);
    drain_console(patient);
    return stopped;
}

void Machine::drain_console(bool patient) {
    constexpr std::chrono::milliseconds step{50};
    constexpr int impatient_steps = 4;
    for (int i = 0; patient || i < impatient_steps; ++i) {
        if (console_.output().drain(step)) return;
        // The reader may never come back: the user can still end this.
        if (patient ? ended_by_user() : serve_signals()) return;
        if ((wishes_.load(std::memory_order_acquire) & wish_broken) != 0) return;
    }
}

}  // namespace lkvm::vmm
