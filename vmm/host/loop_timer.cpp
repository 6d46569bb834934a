// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/loop_timer.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <lkvm/assert.hpp>

#include <sys/epoll.h>
#include <sys/timerfd.h>

namespace lkvm::vmm {

LoopTimer::LoopTimer(EventLoop& loop, EventLoop::Handler handler)
    : loop_(loop)
    , handler_(std::move(handler))
    , fd_(needed_fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))) {
    loop_.watch(fd_.value(), EPOLLIN, [this](std::uint32_t) {
        std::uint64_t count = 0;
        // Fails when the timer was set anew after it rang.
        if (::read(fd_.value(), &count, sizeof(count)) != sizeof(count)) return;
        running_ = false;
        handler_();
    });
}

LoopTimer::~LoopTimer() {
    loop_.unwatch(fd_.value());
}

void LoopTimer::start(std::chrono::nanoseconds after) {
    constexpr std::int64_t second = 1'000'000'000;
    // 0 would stop it.
    const std::int64_t count = std::max<std::int64_t>(after.count(), 1);
    itimerspec when{};
    when.it_value.tv_sec = count / second;
    when.it_value.tv_nsec = count % second;
    LKVM_ASSERT(::timerfd_settime(fd_.value(), 0, &when, nullptr) == 0);
    running_ = true;
}

void LoopTimer::cancel() {
    const itimerspec never{};
    LKVM_ASSERT(::timerfd_settime(fd_.value(), 0, &never, nullptr) == 0);
    running_ = false;
}

}  // namespace lkvm::vmm
