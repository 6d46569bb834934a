// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/instruction_count.hpp"

#include <array>
#include <atomic>
#include <utility>

#include "baremetal/boot/board.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"

namespace lkvm::hv {
namespace {

constinit bool counting = false;

/// Of one CPU.
struct Count {
    std::uint64_t began = 0;  ///< when the current stretch did
    std::uint64_t spent = 0;
};
constinit std::array<Count, max_board_cpus> counts{};
constinit std::atomic<std::uint64_t> longest{0};

/// Instructions that this CPU executed outside guests: what lkvm's software CPU has at an address
/// where others have nothing, which reads 0. A function of its own, because the software CPU counts
/// instructions up to the end of a basic block.
[[gnu::noinline]] std::uint64_t host_instructions() {
    constexpr std::uint64_t counter = 0x3fffff00;
    std::uint64_t value;
    asm volatile("iocsrrd.d %0, %1" : "=r"(value) : "r"(counter) : "memory");
    return value;
}

void end_stretch_of(Count& count) {
    const std::uint64_t now = host_instructions();
    const std::uint64_t length = count.began == 0 ? 0 : now - count.began;
    count.began = now;
    count.spent += length;
    if (length > longest.load(std::memory_order_relaxed)) {
        longest.store(length, std::memory_order_relaxed);
    }
}

}  // namespace

void find_instruction_counter() {
    counting = host_instructions() != host_instructions();
}

void end_stretch() {
    if (counting) end_stretch_of(counts[this_cpu()]);
}

std::uint64_t take_spent() {
    if (!counting) return 0;
    Count& count = counts[this_cpu()];
    end_stretch_of(count);
    return std::exchange(count.spent, 0);
}

std::uint64_t longest_stretch() {
    return longest.load(std::memory_order_relaxed);
}

}  // namespace lkvm::hv
