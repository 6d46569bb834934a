// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/queue_runner.hpp"

#include <bit>

namespace lkvm::hv {
namespace {

constexpr unsigned bit_count = QueueRunner::max_queues + QueueRunner::max_events;
static_assert(bit_count == 32);

}  // namespace

void QueueRunner::post(std::uint32_t bits) {
    // Release: what the bits stand for is visible to the CPU that takes them.
    const std::uint32_t before = pending_.fetch_or(bits, std::memory_order_seq_cst);
    // Whoever set the others rang.
    if ((before & bits) != bits) doorbell_.ring(number_);
}

bool QueueRunner::serve() {
    // Sequentially consistent on both: either the holder of `busy_` sees the bits of a CPU that
    // found it taken, or that CPU finds it free.
    if (pending_.load(std::memory_order_seq_cst) == 0) return false;
    if (busy_.exchange(true, std::memory_order_seq_cst)) return false;
    if (const std::uint32_t bits = pending_.load(std::memory_order_seq_cst); bits != 0) {
        const auto distance =
            static_cast<unsigned>(std::countr_zero(std::rotr(bits, static_cast<int>(next_))));
        const unsigned bit = (next_ + distance) % bit_count;
        next_ = (bit + 1) % bit_count;
        pending_.fetch_and(~(1u << bit), std::memory_order_seq_cst);
        run(bit);
    }
    busy_.store(false, std::memory_order_seq_cst);
    return pending_.load(std::memory_order_seq_cst) != 0;
}

void QueueRunner::run(unsigned bit) {
    if (bit < max_queues) {
        transport_->run(bit);
    } else if (work_ != nullptr) {
        work_->work(bit - max_queues);
    }
}

void QueueRunner::wait(const virtio::WaitCondition& condition) {
    const std::uint64_t start = clock_.monotonic_ns();
    for (;;) {
        static_cast<void>(serve());
        doorbell_.pause();
        if (condition.met() || clock_.monotonic_ns() - start > longest_wait_ns) return;
    }
}

}  // namespace lkvm::hv
