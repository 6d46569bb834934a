// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/boot/self_test.hpp"

#include <atomic>
#include <cstdint>

#include <lkvm/bundle.hpp>

#include "baremetal/boot/banner.hpp"
#include "baremetal/console/console.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"
#include "baremetal/zone/zone.hpp"
#include "loongarch/csr/csr.hpp"

namespace lkvm::hv {
namespace {

namespace csr = la::csr;

constexpr std::uint32_t rounds = 1000;
constexpr std::uint64_t patience_seconds = 20;

constinit std::atomic<unsigned> arrived{0};
constinit std::atomic<unsigned> counted{0};
constinit std::atomic<unsigned> heard{0};
constinit std::atomic<std::uint32_t> sum{0};
constinit std::atomic<bool> over{false};

/// False if `count` does not reach `wanted` in time.
bool wait_for(const std::atomic<unsigned>& count, unsigned wanted) {
    const std::uint64_t start = read_counter();
    const std::uint64_t patience = zones_clock().frequency() * patience_seconds;
    while (count.load(std::memory_order_acquire) < wanted) {
        if (read_counter() - start > patience) return false;
    }
    return true;
}

[[noreturn]] void stop(std::string_view why, std::uint64_t detail) {
    Console::last_words(why, detail);
    for (;;) halt();
}

void check_features() {
    if ((read_cpucfg(2) & cpucfg2_lvz) == 0) {
        stop("a CPU has no LVZ, its number", this_cpu());
    }
    // Guests are numbered from 1.
    const unsigned bits = csr::gstat::GIDBIT::get(read_csr<csr::gstat::number>());
    if ((std::uint64_t{1} << bits) <= bundle::max_zones) {
        stop("a CPU has too few bits for guests' numbers:", bits);
    }
}

bool wait_for_doorbell() {
    const std::uint64_t start = read_counter();
    const std::uint64_t patience = zones_clock().frequency() * patience_seconds;
    while (!take_host_events("self-test").doorbell) {
        if (read_counter() - start > patience) return false;
    }
    return true;
}

/// On the boot CPU: what came of it.
void judge(std::span<const unsigned> cpus) {
    const auto count = static_cast<unsigned>(cpus.size());
    if (!wait_for(counted, count)) {
        stop("self-test failed: CPUs that did not come:", count - counted.load());
    }
    if (sum.load() != count * rounds) {
        stop("self-test failed: CPUs count past each other:", sum.load());
    }
    for (const unsigned cpu : cpus) {
        if (cpu != this_cpu()) ring_doorbell(cpu);
    }
    if (!wait_for(heard, count - 1)) {
        stop("self-test failed: CPUs that hear no doorbell:", count - 1 - heard.load());
    }
    console.line("self-test passed: LVZ, guests' numbers, atomics, doorbells on CPUs:", count);
    over.store(true, std::memory_order_release);
}

}  // namespace

void check_cpu(bool boot_cpu, std::span<const unsigned> cpus) {
    check_features();
    arrived.fetch_add(1, std::memory_order_acq_rel);
    // All at once, if all come; if not, the boot CPU says so.
    static_cast<void>(wait_for(arrived, static_cast<unsigned>(cpus.size())));
    for (std::uint32_t i = 0; i < rounds; ++i) sum.fetch_add(1, std::memory_order_relaxed);
    counted.fetch_add(1, std::memory_order_acq_rel);
    if (boot_cpu) return judge(cpus);
    if (wait_for_doorbell()) heard.fetch_add(1, std::memory_order_acq_rel);
    while (!over.load(std::memory_order_acquire)) {
    }
}

}  // namespace lkvm::hv
