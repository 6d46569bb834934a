// SPDX-License-Identifier: GPL-2.0-or-later
// lkvm-zones: from the first C++ instruction to running zones.
#include <array>
#include <cstdint>
#include <optional>

#include <lkvm/assert.hpp>
#include <lkvm/spin_lock.hpp>

#include "baremetal/boot/banner.hpp"
#include "baremetal/boot/board.hpp"
#include "baremetal/boot/self_test.hpp"
#include "baremetal/console/console.hpp"
#include "baremetal/control/line_writer.hpp"
#include "baremetal/cpu/clock.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/cpu/instruction_count.hpp"
#include "baremetal/cpu/vcpu.hpp"
#include "baremetal/irq/board_interrupts.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/boot/bundle_reader.hpp"
#include "loongarch/csr/csr.hpp"
#include "loongarch/platform/boot_rom.hpp"

namespace lkvm {

void panic(const char* what, const char* file, int line) noexcept {
    hv::Console::last_words("internal error:", hv::this_cpu());
    hv::Console::last_words(what, 0);
    hv::Console::last_words(file, static_cast<std::uint64_t>(line));
    for (;;) hv::halt();
}

}  // namespace lkvm

namespace lkvm::hv {

extern "C" {
// boot/entry.cpp: where another CPU begins.
extern const char secondary_start[];
/// One after the other, by CPUID; size and number are also in boot/entry.cpp.
extern std::array<std::array<std::byte, 0x4000>, max_board_cpus> lkvm_zones_stacks;
alignas(16) constinit std::array<std::array<std::byte, 0x4000>, max_board_cpus> lkvm_zones_stacks{};
static_assert(sizeof(lkvm_zones_stacks) == std::size_t{64} << 14);
}

namespace {

namespace csr = la::csr;

constinit Board board;
constinit BoardClock clock;
constinit std::array<std::optional<Zone>, bundle::max_zones> zones;
constinit std::size_t zone_count = 0;
constinit std::size_t focus = 0;  ///< zone that gets typed input
constinit unsigned console_cpu = 0;

class AllZones final : public ManagedZones, public ControlService {
public:
    // ControlService
    [[nodiscard]] std::size_t answer(std::string_view request, std::span<char> reply) override {
        // The port adds the end of the line itself.
        const std::size_t size = serve_control(*this, request, reply);
        return size != 0 && reply[size - 1] == '\n' ? size - 1 : size;
    }

    // ManagedZones
    [[nodiscard]] std::size_t count() const override { return zone_count; }
    [[nodiscard]] ManagedZone& zone(std::size_t index) override { return *zones[index]; }
    void describe_pool(LineWriter& out) override {
        const BoardMemory::Counters counters = board.memory.counters();
        out.key("total_bytes").number(counters.total_bytes).add(',');
        out.key("free_bytes").number(counters.free_bytes).add(',');
        out.key("free_ranges").number(counters.free_ranges).add(',');
        out.key("pieces").number(counters.pieces).add(',');
        const Stretch longest = longest_stretch();
        out.key("longest_stretch").number(longest.instructions).add(',');
        out.key("longest_stretch_at").quoted(longest.what);
    }
    void pause() override { look_at_host_events("control"); }
};
constinit AllZones all_zones;

/// Which vCPU a physical CPU runs.
struct Assignment {
    Zone* zone = nullptr;
    unsigned vcpu = 0;
};
constinit std::array<Assignment, max_board_cpus> assignments{};

[[noreturn]] void stop(std::string_view why, std::uint64_t detail) {
    Console::last_words(why, detail);
    for (;;) halt();
}

[[noreturn]] void stop_for(const la::BundleFault& fault) {
    console.line(la::bundle_fault_text(fault).text());
    for (;;) halt();
}

void power_off_board() {
    const PowerOffRegister& off = board.power_off;
    if (off.address == 0) return;
    // A device register: written once, with its own size.
    const std::uint64_t where = uncached_window | off.address;
    if (off.size == 1) {
        *reinterpret_cast<volatile std::uint8_t*>(where) = static_cast<std::uint8_t>(off.value);
    } else if (off.size == 2) {
        *reinterpret_cast<volatile std::uint16_t*>(where) = static_cast<std::uint16_t>(off.value);
    } else {
        *reinterpret_cast<volatile std::uint32_t*>(where) = off.value;
    }
}

/// Virtualization on this CPU, as Linux's KVM turns it on.
void enable_virtualization() {
    write_csr<csr::gcfg::number>(0);
    write_csr<csr::gstat::number>(0);
    write_csr<csr::gintc::number>(0);
    const std::uint64_t capabilities = read_csr<csr::gcfg::number>();
    std::uint64_t config = 0;
    constexpr unsigned secure_capability = 4;
    constexpr unsigned root_types = 2;
    if ((csr::gcfg::GCIP::get(capabilities) & secure_capability) != 0) {
        config = csr::gcfg::GCI::put(config, csr::gcfg::gci_secure);
    }
    if ((csr::gcfg::MATP::get(capabilities) & root_types) != 0) {
        config = csr::gcfg::MATC::put(config, 1);
    }
    write_csr<csr::gcfg::number>(config);
    flush_all_guests();
    write_csr<csr::EENTRY>(reinterpret_cast<std::uint64_t>(exit_vector));
    write_csr<csr::TLBRENTRY>(physical_address(refill_vector));
}

[[noreturn]] void run_assignment() {
    enable_virtualization();
    enable_host_events();
    // The others say nothing before the check is over.
    if (owns_console()) console.share([] { ring_doorbell(console_cpu); });
    check_cpu(owns_console(), {board.cpus.data(), board.cpu_count});
    const Assignment& mine = assignments[this_cpu()];
    begin_stretches();
    if (mine.zone != nullptr) mine.zone->serve(mine.vcpu);
    for (;;) {
        wait_for_host_event();
        take_host_events("between guests");
    }
}

/// Leaves the entry for another CPU and wakes it. Loongson 3A5000 manual, mailboxes.
void start_cpu(unsigned cpu) {
    constexpr std::uint32_t mail_send = 0x1048;
    constexpr std::uint32_t ipi_send = 0x1040;
    // One is through before the next begins.
    constexpr std::uint32_t wait = 1u << 31;
    const std::uint32_t target = wait | cpu << 16;
    constexpr std::uint32_t high_half = 1u << 2;
    const std::uint64_t entry = physical_address(secondary_start);
    write_iocsr64(mail_send, (entry & 0xffffffff00000000) | target | high_half);
    write_iocsr64(mail_send, entry << 32 | target);
    write_iocsr(ipi_send, target);
}

void assign_cpus(std::span<const bundle::Zone> descriptions) {
    la::BundleFault fault;
    const auto plan = la::assign_cpus(descriptions, {board.cpus.data(), board.cpu_count}, fault);
    if (!plan.has_value()) stop_for(fault);
    for (std::size_t i = 0; i < zone_count; ++i) {
        for (unsigned vcpu = 0; vcpu < zones[i]->cpu_count(); ++vcpu) {
            const unsigned cpu = plan.value()[i][vcpu];
            assignments[cpu] = {&*zones[i], vcpu};
            zones[i]->vcpu(vcpu).assign(*zones[i], vcpu, cpu);
        }
    }
}

/// The bundle's records, after all checks that it can pass by itself.
std::span<const bundle::Zone> read_descriptions() {
    const auto file = la::find_bundle(board.bundle);
    la::BundleFault fault{.problem = la::BundleProblem::no_bundle};
    if (!file.has_value()) stop_for(fault);
    board.bundle = file.value();
    const auto descriptions = la::read_bundle(board.bundle, fault);
    if (!descriptions.has_value()) stop_for(fault);
    if (!la::check_images(board.bundle, descriptions.value(), fault).has_value()) {
        stop_for(fault);
    }
    return descriptions.value();
}

void make_zones(std::span<const bundle::Zone> descriptions) {
    const auto rom = board.memory.allocate(la::memory_map::boot_rom_size, Stage2::page_size);
    if (!rom.has_value()) stop("no memory for start-up code", 0);
    const std::span<const std::byte> code = la::boot_rom();
    __builtin_memcpy(physical_pointer(rom.value()), code.data(), code.size());
    zone_count = descriptions.size();
    for (std::size_t i = 0; i < zone_count; ++i) {
        zones[i].emplace(i, descriptions[i], board.bundle);
        console.name_zone(i, zones[i]->name());
        const auto made = zones[i]->create(rom.value());
        if (!made.has_value()) stop("the devices of a zone are in each other's way, number", i);
    }
    console.set_prefixes(zone_count > 1);
}

}  // namespace

BoardClock& zones_clock() {
    return clock;
}
BoardMemory& board_memory() {
    return board.memory;
}
ManagedZones& managed_zones() {
    return all_zones;
}
ControlService& control_service() {
    return all_zones;
}
void zone_rests() {
    for (std::size_t i = 0; i < zone_count; ++i) {
        const ZoneState state = zones[i]->state();
        if (state != ZoneState::stopped && state != ZoneState::parked) return;
    }
    console.line("no zone is left");
    console.flush();
    power_off_board();
}
bool owns_console() {
    return this_cpu() == console_cpu;
}

namespace {

/// Typed bytes on their way to the zone in focus; the board's UART keeps what does not fit here.
struct TypedInput {
    std::array<std::byte, 256> bytes{};
    std::size_t size = 0;
    std::uint64_t moved = 0;  ///< when there was room, or some was taken
    bool switching = false;   ///< the switch key was typed
};
constinit TypedInput typed;

/// True if `key` is for the hypervisor.
bool take_key(int key) {
    constexpr int switch_key = 0x1d;  // ctrl-]
    if (!typed.switching) {
        typed.switching = key == switch_key;
        return typed.switching;
    }
    typed.switching = false;
    const auto wanted = static_cast<std::size_t>(key - '0');
    if (key >= '0' && wanted < zone_count) {
        focus = wanted;
        typed.size = 0;  // it was meant for the other zone, which did not take it
        console.set_focus(wanted);
        std::array<char, 40> text;
        // Behind what the zone has written.
        console.line(wanted, {},
                     LineWriter{text}.add("the console goes to zone ").hex(wanted).text());
        return true;
    }
    return key != switch_key;  // twice sends it
}

}  // namespace

void poll_console() {
    constexpr std::uint64_t patience_seconds = 2;
    console.drain();
    while (typed.size < typed.bytes.size()) {
        const int key = Console::read();
        if (key < 0) break;
        if (!take_key(key)) typed.bytes[typed.size++] = static_cast<std::byte>(key);
    }
    const std::uint64_t now = read_counter();
    const bool full = typed.size == typed.bytes.size();
    if (!full) typed.moved = now;
    if (typed.size == 0) return;
    const std::size_t taken = zones[focus]->type({typed.bytes.data(), typed.size});
    typed.size -= taken;
    __builtin_memmove(typed.bytes.data(), typed.bytes.data() + taken, typed.size);
    if (taken != 0) typed.moved = now;
    // Behind what a dead zone does not take the switch key may wait.
    if (now - typed.moved > clock.frequency() * patience_seconds) typed.size = 0;
}

// Called from boot/entry.cpp and cpu/world_switch.cpp.
extern "C" {
void lkvm_zones_trap(std::uint64_t estat, std::uint64_t era, std::uint64_t badv);
void lkvm_zones_secondary();
void lkvm_zones_main(std::uint64_t, std::uint64_t, std::uint64_t system_table);
}

void lkvm_zones_trap(std::uint64_t estat, std::uint64_t era, std::uint64_t badv) {
    Console::last_words("exception in the hypervisor, ESTAT", estat);
    Console::last_words("ERA", era);
    stop("BADV", badv);
}

void lkvm_zones_secondary() {
    run_assignment();
}

void lkvm_zones_main(std::uint64_t, std::uint64_t, std::uint64_t system_table) {
    console.line(banner);
    if ((read_cpucfg(2) & cpucfg2_lvz) == 0) stop(no_lvz, read_cpucfg(2));
    clock.start();
    find_instruction_counter();
    spin_in_order.store(true, std::memory_order_relaxed);
    const auto read = read_board(system_table, board);
    if (!read.has_value())
        stop("cannot read the board's description or no bundle, code",
             static_cast<std::uint64_t>(read.error().code));
    for (unsigned i = 0; i < board.cpu_count; ++i) {
        if (board.cpus[i] >= max_board_cpus) stop("a CPU's number is too large:", board.cpus[i]);
    }
    console.line("CPUs:", board.cpu_count);
    console.line("free memory in bytes:", board.memory.free_bytes());
    const auto descriptions = read_descriptions();
    open_device_world(board, descriptions, clock);
    make_zones(descriptions);
    console_cpu = this_cpu();
    if (board_interrupts.used()) {
        if (console_cpu >= 4)
            stop("interrupts for zones need a boot CPU below 4, not", console_cpu);
        board_interrupts.start();
    }
    assign_cpus(descriptions);
    for (unsigned i = 0; i < board.cpu_count; ++i) {
        if (board.cpus[i] != console_cpu) start_cpu(board.cpus[i]);
    }
    run_assignment();
}

}  // namespace lkvm::hv
