// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/slirp_poller.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

#include <slirp/libslirp.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t ns_per_second = 1'000'000'000;

constexpr std::pair<int, std::uint32_t> event_names[] = {{SLIRP_POLL_IN, EPOLLIN},
                                                         {SLIRP_POLL_OUT, EPOLLOUT},
                                                         {SLIRP_POLL_PRI, EPOLLPRI},
                                                         {SLIRP_POLL_ERR, EPOLLERR},
                                                         {SLIRP_POLL_HUP, EPOLLHUP}};

}  // namespace

SlirpPoller::SlirpPoller(EventLoop& loop)
    : loop_(loop)
    , sockets_(needed_fd(::epoll_create1(EPOLL_CLOEXEC)))
    , clock_(needed_fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK))) {
    refresh_trigger_ = loop.add_trigger([this] { refresh(); });
    loop.watch(sockets_.value(), EPOLLIN, [this](std::uint32_t) { serve(); });
    loop.watch(clock_.value(), EPOLLIN, [this](std::uint32_t) {
        std::uint64_t expirations = 0;
        [[maybe_unused]] const ssize_t got =
            ::read(clock_.value(), &expirations, sizeof(expirations));
        serve();
    });
}

SlirpPoller::~SlirpPoller() {
    loop_.remove_trigger(refresh_trigger_);
    loop_.unwatch(sockets_.value());
    loop_.unwatch(clock_.value());
}

void SlirpPoller::connect(Slirp& slirp) {
    slirp_ = &slirp;
    refresh_soon();
}

std::int64_t SlirpPoller::clock_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return std::int64_t{now.tv_sec} * ns_per_second + now.tv_nsec;
}

SlirpPoller::Timer* SlirpPoller::add_timer(std::function<void()> expired) {
    return &timers_.emplace_back(Timer{std::move(expired), std::nullopt});
}

void SlirpPoller::remove_timer(Timer* timer) {
    timers_.remove_if([timer](const Timer& other) { return &other == timer; });
}

int SlirpPoller::add_poll(int fd, int events) {
    Entry entry{fd, 0, 0};
    for (const auto& [name, event] : event_names) {
        if ((events & name) != 0) entry.events |= event;
    }
    entries_.push_back(entry);
    return static_cast<int>(entries_.size() - 1);
}

int SlirpPoller::ready_events(int index) const {
    const Entry& entry = entries_[static_cast<std::size_t>(index)];
    int events = 0;
    for (const auto& [name, event] : event_names) {
        if ((entry.ready & event) != 0) events |= name;
    }
    return events;
}

void SlirpPoller::refresh() {
    std::uint32_t timeout = UINT32_MAX;
    entries_.clear();
    slirp_pollfds_fill(
        slirp_, &timeout,
        [](int fd, int events, void* self) {
            return static_cast<SlirpPoller*>(self)->add_poll(fd, events);
        },
        this);
    update_sockets();
    arm(timeout);
}

void SlirpPoller::update_sockets() {
    std::unordered_map<int, std::uint32_t> wanted;
    for (const Entry& entry : entries_) wanted[entry.fd] |= entry.events;
    for (auto at = watched_.begin(); at != watched_.end();) {
        if (wanted.contains(at->first)) {
            ++at;
            continue;
        }
        // It fails for one that was closed, which the kernel removed by itself.
        ::epoll_ctl(sockets_.value(), EPOLL_CTL_DEL, at->first, nullptr);
        at = watched_.erase(at);
    }
    for (const auto& [fd, events] : wanted) {
        const auto known = watched_.find(fd);
        if (known != watched_.end() && known->second == events) continue;
        epoll_event event{};
        event.events = events;
        event.data.fd = fd;
        const int operation = known == watched_.end() ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        if (::epoll_ctl(sockets_.value(), operation, fd, &event) != 0) {
            // The number was closed and used again behind our back, or the other way round.
            const int other = operation == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
            if (::epoll_ctl(sockets_.value(), other, fd, &event) != 0) continue;
        }
        watched_[fd] = events;
    }
}

void SlirpPoller::arm(std::uint32_t timeout_ms) {
    std::optional<std::int64_t> due;
    const std::int64_t now_ms = clock_ns() / ns_per_ms;
    if (timeout_ms != UINT32_MAX) due = now_ms + timeout_ms;
    for (const Timer& timer : timers_) {
        if (timer.due_ms.has_value()) due = std::min(due.value_or(INT64_MAX), *timer.due_ms);
    }
    itimerspec setting{};
    if (due.has_value()) {
        const std::int64_t wait_ns = std::max<std::int64_t>((*due - now_ms) * ns_per_ms, 1);
        setting.it_value.tv_sec = wait_ns / ns_per_second;
        setting.it_value.tv_nsec = wait_ns % ns_per_second;
    }
    ::timerfd_settime(clock_.value(), 0, &setting, nullptr);
}

void SlirpPoller::serve() {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(sockets_.value(), events.data(), events.size(), 0);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        for (Entry& entry : entries_) {
            // Errors and hang-ups come unasked.
            if (entry.fd == event.data.fd) {
                entry.ready = event.events & (entry.events | EPOLLERR | EPOLLHUP);
            }
        }
    }
    slirp_pollfds_poll(
        slirp_, 0,
        [](int index, void* self) { return static_cast<SlirpPoller*>(self)->ready_events(index); },
        this);
    serve_timers();
    refresh();
}

void SlirpPoller::serve_timers() {
    const std::int64_t now_ms = clock_ns() / ns_per_ms;
    for (Timer& timer : timers_) {
        if (!timer.due_ms.has_value() || *timer.due_ms > now_ms) continue;
        // The handler may set it again.
        timer.due_ms.reset();
        timer.expired();
    }
}

}  // namespace lkvm::vmm
