// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/instruction_count.hpp"

#include <array>
#include <atomic>
#include <utility>

#include <lkvm/spin_lock.hpp>

#include "baremetal/boot/board.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"

namespace lkvm::hv {
namespace {

constinit bool counting = false;

/// Of one CPU, which alone writes it.
struct alignas(64) Count {
    std::uint64_t began = 0;  ///< when the current stretch did
    std::uint64_t spent = 0;
    std::uint64_t waits_since = 0;  ///< for a lock
    std::atomic<std::uint64_t> longest{0};
    std::atomic<const char*> what{nullptr};  ///< the longest was
};
constinit std::array<Count, max_board_cpus> counts{};

/// Instructions that this CPU executed outside guests: what lkvm's software CPU has at an address
/// where others have nothing, which reads 0. A function of its own, because the software CPU counts
/// instructions up to the end of a basic block.
[[gnu::noinline]] std::uint64_t host_instructions() {
    constexpr std::uint64_t counter = 0x3fffff00;
    std::uint64_t value;
    asm volatile("iocsrrd.d %0, %1" : "=r"(value) : "r"(counter) : "memory");
    return value;
}

Count& end_stretch_at(std::uint64_t now, const char* what) {
    Count& count = counts[this_cpu()];
    if (count.began == 0) return count;  // still starting up
    const std::uint64_t length = now - count.began;
    count.began = now;
    count.spent += length;
    if (length > count.longest.load(std::memory_order_relaxed)) {
        count.what.store(what, std::memory_order_relaxed);
        count.longest.store(length, std::memory_order_relaxed);
    }
    return count;
}

/// While this CPU waits its stretch stands still.
void note_wait(unsigned turn) {
    Count& count = counts[this_cpu()];
    const std::uint64_t now = host_instructions();
    if (turn != 0) count.began += now - count.waits_since;
    count.waits_since = now;
}

}  // namespace

void find_instruction_counter() {
    counting = host_instructions() != host_instructions();
    if (counting) spin_wait_hook.store(note_wait, std::memory_order_relaxed);
}

void begin_stretches() {
    if (counting) counts[this_cpu()].began = host_instructions();
}

void end_stretch(const char* what) {
    if (counting) end_stretch_at(host_instructions(), what);
}

std::uint64_t take_spent(const char* what) {
    if (!counting) return 0;
    return std::exchange(end_stretch_at(host_instructions(), what).spent, 0);
}

Stretch longest_stretch() {
    Stretch longest{0, ""};
    for (const Count& count : counts) {
        const std::uint64_t length = count.longest.load(std::memory_order_relaxed);
        if (length <= longest.instructions) continue;
        longest = {length, count.what.load(std::memory_order_relaxed)};
    }
    return longest;
}

}  // namespace lkvm::hv
