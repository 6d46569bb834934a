// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/zone/zone.hpp"

#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/zone/park_report.hpp"

namespace lkvm::hv {
Zone::Zone(std::size_t number, const bundle::Zone& description, std::span<const std::byte> file)
    : number_(number)
    , description_(description)
    , file_(file)
    , name_(bundle::text_of(description.name))
    , cpu_count_(description.cpu_count)
    , gid_(static_cast<unsigned>(number) + 1)
    , platform_({*this, zones_clock(), *this}, *this, cpu_count_)
    , device_log_(number, name_)
    , life_(cpu_count_) {}

Result<> Zone::create(std::uint64_t boot_rom) {
    boot_rom_ = boot_rom;
    // Passed-through interrupts look at what the zone writes to its PCH-PIC.
    LKVM_TRY(bus_.add(la::memory_map::pch_pic_base, la::memory_map::pch_pic_size, passed_));
    LKVM_TRY(platform_.devices().add_to(bus_));
    LKVM_TRY(claim_passed());
    if ((description_.flags & bundle::zone_flags::manual_start) == 0) LKVM_TRY(life_.start());
    // Disks in the bundle are written to where they lie; the loader left the file to us.
    auto* const file = const_cast<std::byte*>(file_.data());
    return devices_.create(
        description_, device_world(),
        {*this, memory_, bus_, platform_, *this, device_log_, {file, file_.size()}});
}

void Zone::serve(unsigned index) {
    for (;;) {
        switch (life_.duty(index)) {
            case Duty::run:
                vcpus_[index].run(clock_offset_.load(std::memory_order_relaxed));
                if (index == 0) paused_at_ = read_counter();
                life_.left();
                // The first CPU may wait for the last to leave.
                if (index != 0) vcpus_[0].kick();
                if (life_.state() == ZoneState::parked) zone_rests();
                break;
            case Duty::load:
                load();
                kick_all();
                if (life_.state() == ZoneState::parked) zone_rests();
                break;
            case Duty::release:
                give_memory_back();
                report(reason());
                life_.released();
                zone_rests();
                break;
            case Duty::wait:
                wait_for_host_event();
                take_host_events("between guests");
                break;
        }
    }
}

void Zone::kick_all() const {
    for (unsigned i = 0; i < cpu_count_; ++i) vcpus_[i].kick();
}

const Vcpu& Zone::current_vcpu() const {
    unsigned index = 0;
    while (index + 1 < cpu_count_ && vcpus_[index].physical_cpu() != this_cpu()) ++index;
    return vcpus_[index];
}

Result<> Zone::request(ZoneRequest request) {
    const SpinGuard guard{request_lock_};
    switch (request) {
        case ZoneRequest::start:
            LKVM_TRY(life_.start());
            break;
        case ZoneRequest::stop:
            LKVM_TRY(life_.stop());
            break;
        case ZoneRequest::reset:
            LKVM_TRY(life_.reset());
            break;
        case ZoneRequest::pause:
            LKVM_TRY(life_.pause());
            break;
        case ZoneRequest::resume:
            // Before its CPUs can see that they may run.
            if (life_.state() == ZoneState::paused) {
                clock_offset_.fetch_add(read_counter() - paused_at_, std::memory_order_relaxed);
            }
            LKVM_TRY(life_.resume());
            break;
    }
    kick_all();
    return {};
}

void Zone::park(const Vcpu& vcpu, const char* why) {
    if (!life_.park(why)) return;
    kick_all();
    PanicWatch panic;
    {
        const SpinGuard guard{panic_lock_};
        panic = panic_;
    }
    report_parked(*this, vcpu, why, panic.reason());
}

void Zone::power_off() {
    life_.guest_power_off();
    kick_all();
}

void Zone::reset() {
    bool panicked = false;
    {
        const SpinGuard guard{panic_lock_};
        panicked = panic_.panicked();
    }
    if (panicked) return park(current_vcpu(), "resets after a kernel panic");
    report("starts again");
    life_.guest_reset();
    kick_all();
}

void Zone::note_output(std::span<const std::byte> bytes) {
    log_.write(bytes);
    const SpinGuard guard{panic_lock_};
    panic_.feed(bytes);
}

bool Zone::seems_panicked() {
    const SpinGuard guard{panic_lock_};
    return panic_.over();
}

std::size_t Zone::type(std::span<const std::byte> bytes) {
    // Loading begins with resetting the devices: what is typed for the new life waits until then.
    if (life_.state() == ZoneState::starting) return 0;
    Terminal* const terminal = devices_.terminal();
    if (terminal != nullptr && terminal->is_open()) return terminal->type(bytes);
    return platform_.devices().uart().receive(bytes);
}

void Zone::wake_for_devices() {
    // A CPU of the zone looks by itself before it enters the guest or idles.
    for (unsigned i = 0; i < cpu_count_; ++i) {
        if (vcpus_[i].physical_cpu() == this_cpu()) return;
    }
    vcpus_[0].kick();
}

void Zone::transmit(std::span<const std::byte> bytes) {
    // As much at once as is not long work. It may have to wait for the UART.
    while (!bytes.empty()) {
        const std::size_t most = OutputMux::most_written;
        const std::size_t size = bytes.size() < most ? bytes.size() : most;
        const auto piece = bytes.first(size);
        while (!console.write(number_, piece)) look_at_host_events("waiting for the console");
        note_output(piece);
        bytes = bytes.subspan(size);
        if (!bytes.empty()) look_at_host_events("writing to the console");
    }
}

void Zone::report(std::string_view text) {
    while (!console.line(number_, name_, text)) look_at_host_events("waiting for the console");
    log_.write("[zones] ");
    log_.write(text);
    log_.write("\n");
    look_at_host_events("report of a parked zone");
}

void Zone::set_line(unsigned cpu, unsigned line, bool level) {
    if (cpu < cpu_count_) vcpus_[cpu].set_line(line, level);
}

std::uint64_t Zone::memory_bytes() const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < description_.bank_count; ++i) sum += description_.banks[i].size;
    return sum;
}

std::uint64_t Zone::uptime_ns() {
    const std::uint64_t started = started_ns_.load(std::memory_order_relaxed);
    return life_.lives() == 0 ? 0 : zones_clock().monotonic_ns() - started;
}

ExitTotals Zone::exits() const {
    ExitTotals totals{};
    for (unsigned i = 0; i < cpu_count_; ++i) vcpus_[i].exits().add_to(totals);
    return totals;
}

}  // namespace lkvm::hv
