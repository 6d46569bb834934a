// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/timers.hpp"

#include <algorithm>
#include <chrono>

#include "loongarch/soft/cpu.hpp"

namespace lkvm::la {

Timers::~Timers() {
    {
        const std::lock_guard lock{mutex_};
        stop_ = true;
        changed_.notify_all();
    }
    if (thread_.joinable()) thread_.join();
}

void Timers::start_locked() {
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
}

void Timers::start() {
    const std::lock_guard lock{mutex_};
    start_locked();
}

void Timers::arm(Cpu&, std::uint64_t deadline) {
    const std::lock_guard lock{mutex_};
    start_locked();
    if (deadline >= next_) return;  // run() looks at all deadlines when it wakes
    next_ = deadline;
    changed_.notify_all();
}

void Timers::run() {
    std::unique_lock lock{mutex_};
    while (!stop_) {
        const std::uint64_t now = system_.counter();
        if (next_ > now) {
            // An hour at most, so that the conversion to nanoseconds cannot overflow.
            const std::uint64_t ticks = std::min(next_ - now, 3600 * counter_hz);
            changed_.wait_for(lock, std::chrono::nanoseconds{ticks * 10});
            continue;
        }
        next_ = UINT64_MAX;
        for (Cpu* cpu : system_.cpus()) {
            if (cpu->timer_deadline() <= now) cpu->request_attention();
            // It has two timers; it arms again only the one that is due now.
            next_ = std::min(next_, cpu->timer_deadline_after(now));
        }
    }
}

}  // namespace lkvm::la
