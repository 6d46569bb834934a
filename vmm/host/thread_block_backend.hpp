// SPDX-License-Identifier: GPL-2.0-or-later
// Disk requests done by threads that wait for the host.
#pragma once

#include <mutex>
#include <vector>

#include <lkvm/block_backend.hpp>

#include "vmm/host/disk_image.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/worker_pool.hpp"

namespace lkvm::vmm {

/// Owner: the event loop. Everything it refers to outlives it; no request may be in flight when it
/// goes.
class ThreadBlockBackend final : public BlockBackend {
public:
    /// Before the loop starts.
    ThreadBlockBackend(const DiskImage& image, WorkerPool& workers, EventLoop& loop);

    void submit(BlockRequest& request, BlockCompletion& completion) override;

private:
    struct Done {
        BlockRequest* request = nullptr;
        BlockCompletion* completion = nullptr;
        BlockStatus status = BlockStatus::ok;
    };

    void deliver();

    const DiskImage& image_;
    WorkerPool& workers_;
    EventLoop& loop_;
    unsigned trigger_ = 0;
    std::mutex mutex_;
    std::vector<Done> done_;
};

}  // namespace lkvm::vmm
