// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/event_loop.hpp"

#include <bit>
#include <cerrno>
#include <utility>

#include <lkvm/assert.hpp>

#include <pthread.h>
#include <sys/epoll.h>

namespace lkvm::vmm {

EventLoop::EventLoop(std::string name)
    : name_(std::move(name))
    , epoll_(needed_fd(::epoll_create1(EPOLL_CLOEXEC))) {
    // Each signal is an edge, so nobody has to read the counter, which would fill in centuries.
    watch(wake_.fd(), EPOLLIN | EPOLLET, [](std::uint32_t) {});
}

EventLoop::~EventLoop() {
    stop();
}

void EventLoop::start() {
    thread_ = std::thread([this] { run(); });
    ::pthread_setname_np(thread_.native_handle(), name_.substr(0, 15).c_str());
}

void EventLoop::stop() {
    if (!thread_.joinable()) return;
    ending_.store(true);
    wake_.signal();
    thread_.join();
}

void EventLoop::watch(int fd, std::uint32_t events, FdHandler handler) {
    watched_[fd] = std::make_shared<FdHandler>(std::move(handler));
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    // Fails only for descriptors that cannot be polled, which callers do not pass.
    LKVM_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::change(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    LKVM_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void EventLoop::unwatch(int fd) {
    if (watched_.erase(fd) == 0) return;
    LKVM_ASSERT(::epoll_ctl(epoll_.value(), EPOLL_CTL_DEL, fd, nullptr) == 0);
}

unsigned EventLoop::add_trigger(Handler handler) {
    LKVM_ASSERT(!thread_.joinable() && triggers_.size() < max_triggers);
    triggers_.push_back(std::move(handler));
    return static_cast<unsigned>(triggers_.size() - 1);
}

void EventLoop::remove_trigger(unsigned number) {
    triggers_[number] = [] {};
}

void EventLoop::trigger(unsigned number) {
    auto& word = triggered_[number / word_bits];
    const std::uint64_t bit = std::uint64_t{1} << (number % word_bits);
    // Sequentially consistent with the exchange in serve_triggers(): either that sees the bit, or
    // this sees a word it has emptied and wakes the thread.
    if ((word.fetch_or(bit) & bit) == 0) wake_.signal();
}

void EventLoop::post(Handler handler) {
    {
        const std::lock_guard lock(posts_mutex_);
        posts_.push_back(std::move(handler));
    }
    wake_.signal();
}

void EventLoop::serve_triggers() {
    for (unsigned word = 0; word * word_bits < triggers_.size(); ++word) {
        std::uint64_t bits = triggered_[word].exchange(0);
        for (; bits != 0; bits &= bits - 1) {
            triggers_[word * word_bits + static_cast<unsigned>(std::countr_zero(bits))]();
        }
    }
}

void EventLoop::serve_posts() {
    std::vector<Handler> posts;
    {
        const std::lock_guard lock(posts_mutex_);
        posts.swap(posts_);
    }
    for (const Handler& handler : posts) handler();
}

void EventLoop::run() {
    while (!ending_.load()) serve(-1);
}

void EventLoop::serve_ready() {
    LKVM_ASSERT(!thread_.joinable());
    serve(0);
}

void EventLoop::serve(int milliseconds) {
    std::array<epoll_event, 32> events{};
    const int count = ::epoll_wait(epoll_.value(), events.data(), events.size(), milliseconds);
    LKVM_ASSERT(count >= 0 || errno == EINTR);
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        // An earlier handler of this round may have removed it.
        const auto found = watched_.find(event.data.fd);
        if (found == watched_.end()) continue;
        const std::shared_ptr<FdHandler> handler = found->second;
        (*handler)(event.events);
    }
    serve_triggers();
    serve_posts();
}

}  // namespace lkvm::vmm
