// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/queue_runner.hpp"

#include <bit>

namespace lkvm::hv {
namespace {

/// Between two looks at interrupts of the physical CPU; a round serves each queue once.
constexpr unsigned most_rounds = 4;

}  // namespace

void QueueRunner::post(std::uint32_t bits) {
    // Release: what the bits stand for is visible to the CPU that takes them.
    const std::uint32_t before = pending_.fetch_or(bits, std::memory_order_seq_cst);
    // Whoever set the others rang.
    if ((before & bits) != bits) doorbell_.ring(number_);
}

bool QueueRunner::serve() {
    unsigned rounds = most_rounds;
    // Sequentially consistent on both: either the holder of `busy_` sees the bits of a CPU that
    // found it taken, or that CPU finds it free.
    while (pending_.load(std::memory_order_seq_cst) != 0) {
        if (rounds == 0) return true;
        if (busy_.exchange(true, std::memory_order_seq_cst)) return false;
        for (; rounds != 0; --rounds) {
            const std::uint32_t bits = pending_.exchange(0, std::memory_order_seq_cst);
            if (bits == 0) break;
            run(bits);
        }
        busy_.store(false, std::memory_order_seq_cst);
    }
    return false;
}

void QueueRunner::run(std::uint32_t bits) {
    while (bits != 0) {
        const auto lowest = static_cast<unsigned>(std::countr_zero(bits));
        bits &= bits - 1;
        if (lowest < max_queues) {
            transport_->run(lowest);
        } else if (work_ != nullptr) {
            work_->work(lowest - max_queues);
        }
    }
}

void QueueRunner::wait(const virtio::WaitCondition& condition) {
    const std::uint64_t start = clock_.monotonic_ns();
    for (;;) {
        static_cast<void>(serve());
        if (condition.met() || clock_.monotonic_ns() - start > longest_wait_ns) return;
    }
}

}  // namespace lkvm::hv
