// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/cpu/instruction_count.hpp"

#include <array>
#include <atomic>

#include "baremetal/boot/board.hpp"
#include "baremetal/cpu/csr_access.hpp"
#include "baremetal/cpu/host_events.hpp"

namespace lkvm::hv {
namespace {

constinit bool counting = false;
constinit std::array<std::uint64_t, max_board_cpus> stretch_began{};
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

}  // namespace

void find_instruction_counter() {
    counting = host_instructions() != host_instructions();
}

std::uint64_t end_stretch() {
    if (!counting) return 0;
    std::uint64_t& began = stretch_began[this_cpu()];
    const std::uint64_t now = host_instructions();
    const std::uint64_t length = began == 0 ? 0 : now - began;
    began = now;
    if (length > longest.load(std::memory_order_relaxed)) {
        longest.store(length, std::memory_order_relaxed);
    }
    return length;
}

std::uint64_t longest_stretch() {
    return longest.load(std::memory_order_relaxed);
}

}  // namespace lkvm::hv
