// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/console_output.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "loongarch/soft/outside_guest.hpp"

#include <poll.h>
#include <unistd.h>

namespace lkvm::vmm {

struct ConsoleOutput::Shared {
    Shared(int descriptor, BrokenSink* broken_sink)
        : fd(descriptor)
        , sink(broken_sink) {}

    const int fd;
    std::mutex mutex;
    std::condition_variable wake_writer;   // something is queued, or the end
    std::condition_variable wake_waiters;  // there is room, all is written, or the end
    BrokenSink* sink;                      // null once the owner is gone
    std::vector<std::byte> queue;
    std::size_t in_flight = 0;  // taken by the thread, not yet written
    std::function<void()> room_handler;
    bool room_wanted = false;  // somebody got less written than wanted
    bool unlimited = false;
    bool broken = false;
    bool ended = false;

    [[nodiscard]] std::size_t waiting() const { return queue.size() + in_flight; }
    [[nodiscard]] bool has_room() const { return waiting() < capacity || unlimited || broken; }
    [[nodiscard]] bool idle() const { return waiting() == 0; }
    void run();
    void tell_about_room();
};

namespace {

/// Output comes a byte at a time: waiting this long makes many bytes one system call.
constexpr std::chrono::microseconds gather_time{300};
constexpr std::size_t gather_size = 4096;

/// Writes everything. 0, or the error number with which the descriptor refuses for good.
int write_all(int fd, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(fd, bytes.data(), bytes.size());
        if (count >= 0) {
            bytes = bytes.subspan(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            pollfd ready{fd, POLLOUT, 0};
            ::poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

}  // namespace

void ConsoleOutput::Shared::run() {
    std::vector<std::byte> taken;
    std::unique_lock lock(mutex);
    while (true) {
        wake_writer.wait(lock, [&] { return !queue.empty() || ended; });
        if (ended) return;
        wake_writer.wait_for(lock, gather_time,
                             [&] { return queue.size() >= gather_size || ended; });
        taken.clear();
        taken.swap(queue);
        in_flight = taken.size();
        lock.unlock();
        const int error = write_all(fd, taken);
        lock.lock();
        in_flight = 0;
        if (error != 0 && !broken) {
            broken = true;
            if (sink != nullptr) sink->console_broken(error);
        }
        wake_waiters.notify_all();
        tell_about_room();
    }
}

void ConsoleOutput::Shared::tell_about_room() {
    if (!room_wanted || !has_room() || !room_handler) return;
    room_wanted = false;
    room_handler();
}

ConsoleOutput::ConsoleOutput(int fd, BrokenSink& sink)
    : shared_(std::make_shared<Shared>(fd, &sink)) {
    std::thread([shared = shared_] { shared->run(); }).detach();
}

ConsoleOutput::~ConsoleOutput() {
    const std::lock_guard lock(shared_->mutex);
    shared_->ended = true;
    shared_->sink = nullptr;
    shared_->room_handler = nullptr;
    shared_->wake_writer.notify_all();
    shared_->wake_waiters.notify_all();
}

void ConsoleOutput::write(std::span<const std::byte> bytes) {
    Shared& shared = *shared_;
    // Devices and other vCPUs go on while a vCPU waits for the reader.
    const la::OutsideGuest outside;
    std::unique_lock lock(shared.mutex);
    shared.wake_waiters.wait(lock, [&] {
        return shared.waiting() < capacity || shared.unlimited || shared.broken || shared.ended;
    });
    if (shared.broken || shared.ended) return;
    const bool was_empty = shared.queue.empty();
    shared.queue.insert(shared.queue.end(), bytes.begin(), bytes.end());
    if (was_empty || shared.queue.size() >= gather_size) shared.wake_writer.notify_one();
}

std::size_t ConsoleOutput::write_some(std::span<const std::byte> bytes) {
    Shared& shared = *shared_;
    const std::lock_guard lock(shared.mutex);
    // Nobody will ever read it.
    if (shared.broken || shared.ended) return bytes.size();
    const std::size_t used = shared.waiting();
    const std::size_t room = shared.unlimited ? bytes.size() : capacity - std::min(capacity, used);
    const std::size_t count = std::min(room, bytes.size());
    shared.room_wanted = shared.room_wanted || count < bytes.size();
    if (count == 0) return 0;
    const bool was_empty = shared.queue.empty();
    shared.queue.insert(shared.queue.end(), bytes.begin(),
                        bytes.begin() + static_cast<std::ptrdiff_t>(count));
    if (was_empty || shared.queue.size() >= gather_size) shared.wake_writer.notify_one();
    return count;
}

void ConsoleOutput::set_room_handler(std::function<void()> handler) {
    const std::lock_guard lock(shared_->mutex);
    shared_->room_handler = std::move(handler);
}

void ConsoleOutput::set_unlimited(bool unlimited) {
    const std::lock_guard lock(shared_->mutex);
    shared_->unlimited = unlimited;
    shared_->wake_waiters.notify_all();
    shared_->tell_about_room();
}

bool ConsoleOutput::drain(std::chrono::milliseconds at_most) {
    std::unique_lock lock(shared_->mutex);
    shared_->wake_waiters.wait_for(lock, at_most,
                                   [&] { return shared_->idle() || shared_->broken; });
    return shared_->idle();
}

}  // namespace lkvm::vmm
