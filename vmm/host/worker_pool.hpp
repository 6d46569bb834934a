// SPDX-License-Identifier: GPL-2.0-or-later
// Threads for system calls that wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace lkvm::vmm {

/// Runs jobs in any order on up to `limit` threads. One is made at once, more when there is more to
/// do than threads. Any thread may add jobs.
class WorkerPool {
public:
    /// Throws as std::thread if the host gives no thread.
    explicit WorkerPool(unsigned limit);
    /// Waits for the jobs under way; drops those not begun.
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    void add(std::function<void()> job);

private:
    void run();

    const unsigned limit_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    unsigned idle_ = 0;
    bool ending_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace lkvm::vmm
