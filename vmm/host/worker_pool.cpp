// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/worker_pool.hpp"

#include <system_error>
#include <utility>

namespace lkvm::vmm {

WorkerPool::WorkerPool(unsigned limit)
    : limit_(limit) {
    threads_.emplace_back([this] { run(); });
}

WorkerPool::~WorkerPool() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::add(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    wake_.notify_one();
    if (jobs_.size() <= idle_ || threads_.size() >= limit_) return;
    try {
        threads_.emplace_back([this] { run(); });
    } catch (const std::system_error&) {
        // The host gives no more threads: those that are there do it, one job after the other.
    }
}

void WorkerPool::run() {
    std::unique_lock lock(mutex_);
    while (true) {
        ++idle_;
        wake_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
        --idle_;
        if (ending_) return;
        const std::function<void()> job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        job();
        lock.lock();
    }
}

}  // namespace lkvm::vmm
