// SPDX-License-Identifier: GPL-2.0-or-later
// Drives an instance of libslirp, which expects poll(2), by an event loop. libslirp 4.7.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "vmm/host/event_loop.hpp"
#include "vmm/host/unique_fd.hpp"

struct Slirp;

namespace lkvm::vmm {

/// Keeps libslirp's sockets in an epoll set of its own, because libslirp closes them as it likes,
/// and its timers in a timerfd; the loop watches these two. Everything runs on the loop.
class SlirpPoller {
public:
    /// A timer that libslirp made; milliseconds of its clock.
    struct Timer {
        std::function<void()> expired;
        std::optional<std::int64_t> due_ms;
    };

    explicit SlirpPoller(EventLoop& loop);
    /// After the loop stopped.
    ~SlirpPoller();
    SlirpPoller(const SlirpPoller&) = delete;
    SlirpPoller& operator=(const SlirpPoller&) = delete;

    void connect(Slirp& slirp);
    /// Looks anew at what libslirp waits for; after calls to it, which may be several.
    void refresh_soon() { loop_.trigger(refresh_trigger_); }

    // From libslirp's callbacks.
    [[nodiscard]] static std::int64_t clock_ns();
    [[nodiscard]] Timer* add_timer(std::function<void()> expired);
    void remove_timer(Timer* timer);
    void closing(int fd) { watched_.erase(fd); }
    [[nodiscard]] int add_poll(int fd, int events);
    [[nodiscard]] int ready_events(int index) const;

private:
    struct Entry {
        int fd = -1;
        std::uint32_t events = 0;
        std::uint32_t ready = 0;
    };

    void refresh();
    void update_sockets();
    void arm(std::uint32_t timeout_ms);
    void serve();
    void serve_timers();

    EventLoop& loop_;
    UniqueFd sockets_;  // epoll
    UniqueFd clock_;    // timerfd
    unsigned refresh_trigger_ = 0;
    Slirp* slirp_ = nullptr;
    std::vector<Entry> entries_;  // of the last refresh
    std::unordered_map<int, std::uint32_t> watched_;
    std::list<Timer> timers_;
};

}  // namespace lkvm::vmm
