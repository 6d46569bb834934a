// SPDX-License-Identifier: GPL-2.0-or-later
// A whole machine: RAM, platform, backend and the loop that serves them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>

#include <lkvm/cpu_interrupts.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/power_sink.hpp>

#include "loongarch/platform/platform.hpp"
#include "vmm/control/control_server.hpp"
#include "vmm/devices/virtio_devices.hpp"
#include "vmm/host/host_clock.hpp"
#include "vmm/host/memory_mapping.hpp"
#include "vmm/host/signals.hpp"
#include "vmm/host/terminal.hpp"
#include "vmm/host/wake_up.hpp"
#include "vmm/log.hpp"
#include "vmm/machine/backend_request.hpp"
#include "vmm/machine/firmware_loader.hpp"
#include "vmm/machine/guest_loader.hpp"
#include "vmm/machine/guest_ram.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/machine/serial_console.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Lives on the main thread, which runs the loop; vCPU threads only leave wishes here. Make it
/// before any other thread, as it decides which thread gets the process's signals.
class Machine final : private PowerSink, private ConsoleOutput::BrokenSink, private Controllable {
public:
    /// What starts the guest: the kernel, or firmware. It has opened its files.
    using Loader = std::variant<GuestLoader, FirmwareLoader>;

    Machine(const MachineConfig& config, Loader loader, StderrLog& log);
    ~Machine();
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    /// Maps RAM (`ram` is the checked plan), builds the platform, loads the guest and makes the
    /// backend.
    [[nodiscard]] Outcome<> prepare(const RamBanks& ram, const MakeBackend& make_backend);

    /// Runs the guest until something ends it. After prepare(), once.
    [[nodiscard]] Outcome<ExitCode> run();

    /// After run(): the host holds on to requests of devices, which cannot be deleted; see
    /// leave_behind().
    [[nodiscard]] bool stuck() const { return stuck_; }
    /// Gives back what has a name on the host, and leaves the rest, with threads that still use it,
    /// to the end of the process.
    static void leave_behind(std::unique_ptr<Machine> machine);

private:
    /// Leads the interrupt chips, which are made first, to the backend.
    class Lines final : public CpuInterrupts {
    public:
        void connect(CpuInterrupts* to) { to_ = to; }
        void set_line(unsigned cpu, unsigned line, bool level) override {
            if (to_ != nullptr) to_->set_line(cpu, line, level);
        }

    private:
        CpuInterrupts* to_ = nullptr;
    };

    /// What vCPU threads and control clients ask the main thread for.
    enum Wish : unsigned {
        wish_power_off = 1,
        wish_reset = 2,
        wish_broken = 4,
        wish_failed = 8,
        wish_stop = 16,
    };

    void power_off() override { wish(wish_power_off); }
    void reset() override { wish(wish_reset); }
    void console_broken(int error) override;
    void host_failed(const std::string& report);
    void wish(Wish what);

    // machine_control.cpp
    void control_stop() override { wish(wish_stop); }
    void control_pause() override;
    void control_resume() override;
    [[nodiscard]] std::string control_status() override;
    [[nodiscard]] std::uint64_t control_memory() override;
    [[nodiscard]] std::string control_registers() override;
    [[nodiscard]] bool control_sysrq(char key) override;
    [[nodiscard]] BalloonDevice* control_balloon() override { return devices_.balloon(); }
    [[nodiscard]] Outcome<> open_control();
    void pause_vcpus();

    [[nodiscard]] Outcome<std::span<std::byte>> make_rom();
    [[nodiscard]] Outcome<> load();
    void start_vcpus();
    [[nodiscard]] Outcome<std::optional<ExitCode>> serve_once(int timeout_ms);
    [[nodiscard]] Outcome<std::optional<ExitCode>> grant_wishes();
    [[nodiscard]] Outcome<std::optional<ExitCode>> guest_reset();
    [[nodiscard]] std::optional<ExitCode> serve_signals();
    [[nodiscard]] std::optional<ExitCode> read_input();
    /// Signals and keys, for where the loop waits for something else.
    [[nodiscard]] std::optional<ExitCode> ended_by_user();
    [[nodiscard]] std::optional<ExitCode> command(KeyCommand key);
    void watch_for_panic();
    void pump_console();
    /// Tells the guest the size of the user's terminal.
    void resize_console();
    void suspend();
    /// Serves the guest until something ends it.
    [[nodiscard]] Outcome<ExitCode> serve();
    /// Ends backend and devices and lets the console out.
    [[nodiscard]] Outcome<> finish(bool patient);
    /// `patient`: until all of it is written.
    void drain_console(bool patient);

    const MachineConfig config_;
    StderrLog& log_;
    Signals signals_;
    Terminal terminal_;
    WakeUp wake_;
    HostClock clock_;
    Loader loader_;
    GuestRam ram_;
    MemoryMapping boot_rom_;
    SerialConsole console_;
    Lines lines_;
    MmioBus bus_;
    la::Platform platform_;
    std::unique_ptr<ControlServer> control_;  // null: none; the balloon's thread answers to it
    VirtioDevices devices_;
    la::BootState boot_;
    std::uint64_t secondary_pc_ = la::boot_rom_entry.value;
    std::atomic<unsigned> wishes_{0};
    std::atomic<int> console_error_{0};  // with wish_broken
    bool input_open_ = true;
    bool paused_ = false;  // by the user
    bool stuck_ = false;
    bool panic_warned_ = false;
    /// When a panic was seen that the guest should have answered with a reset by now.
    std::optional<std::uint64_t> panic_time_ns_;
    std::unique_ptr<Backend> backend_;  // last, so that it goes first
};

}  // namespace lkvm::vmm
