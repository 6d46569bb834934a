// SPDX-License-Identifier: GPL-2.0-or-later
// A thread that sleeps until a descriptor is ready or another thread wants something.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "vmm/host/unique_fd.hpp"
#include "vmm/host/wake_up.hpp"

namespace lkvm::vmm {

/// Serves handlers one at a time, so that what they share needs no lock. "Loop" below means: on the
/// loop's thread, or before start() or after stop().
class EventLoop {
public:
    using Handler = std::function<void()>;
    /// Gets the epoll events that are ready.
    using FdHandler = std::function<void(std::uint32_t events)>;

    static constexpr unsigned max_triggers = 256;

    /// `name` is what the host's tools show, at most 15 characters of it. Throws as needed_fd().
    explicit EventLoop(std::string name);
    /// Stops.
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    /// Throws as std::thread if the host gives no thread.
    void start();
    /// Ends the thread after the handler it is in. What is posted later is never called.
    void stop();
    /// Loop, before start() or after stop(): serves what is ready, without waiting.
    void serve_ready();
    /// Readable when serve_ready() would find something.
    [[nodiscard]] int fd() const { return epoll_.value(); }

    /// Loop. Calls `handler` for level-triggered epoll `events` of `fd`, which stays the caller's.
    void watch(int fd, std::uint32_t events, FdHandler handler);
    /// Loop. Other events for a watched descriptor; 0: none but errors.
    void change(int fd, std::uint32_t events);
    /// Loop. Before the descriptor is closed. The handler may do it to itself.
    void unwatch(int fd);

    /// Loop, before start() only. Returns the number for trigger().
    [[nodiscard]] unsigned add_trigger(Handler handler);
    /// Before start(), on the loop's thread or after stop(): its handler is not called again.
    void remove_trigger(unsigned number);
    /// Any thread: has the handler called soon; several triggers may become one call. Cheap.
    void trigger(unsigned number);
    /// Any thread: has `handler` called once, in order with other posts.
    void post(Handler handler);

private:
    static constexpr unsigned word_bits = 64;

    void run();
    /// Serves what is ready within a time as of epoll_wait().
    void serve(int milliseconds);
    void serve_triggers();
    void serve_posts();

    std::string name_;
    UniqueFd epoll_;
    WakeUp wake_;
    // Handlers are shared with the call under way, so that one may remove itself.
    std::unordered_map<int, std::shared_ptr<FdHandler>> watched_;
    std::vector<Handler> triggers_;
    std::array<std::atomic<std::uint64_t>, max_triggers / word_bits> triggered_{};
    std::atomic<bool> ending_{false};
    std::mutex posts_mutex_;
    std::vector<Handler> posts_;
    std::thread thread_;
};

}  // namespace lkvm::vmm
