// SPDX-License-Identifier: GPL-2.0-or-later
// Disk requests through io_uring.
#pragma once

#include <memory>

#include <lkvm/block_backend.hpp>

#include "vmm/host/disk_image.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/thread_block_backend.hpp"

#include <liburing.h>

namespace lkvm::vmm {

/// One ring per queue; the loop sleeps on the ring's descriptor. What io_uring cannot do in one
/// step (short transfers, zeroes that must be durable or that the file system refuses) goes to
/// threads. Owner: the event loop.
class UringBlockBackend final : public BlockBackend {
public:
    /// Null if this host refuses io_uring. Before the loop starts. `entries` is how many requests
    /// may be in flight.
    [[nodiscard]] static std::unique_ptr<UringBlockBackend> create(const DiskImage& image,
                                                                   WorkerPool& workers,
                                                                   EventLoop& loop,
                                                                   unsigned entries);
    ~UringBlockBackend();
    UringBlockBackend(const UringBlockBackend&) = delete;
    UringBlockBackend& operator=(const UringBlockBackend&) = delete;

    void submit(BlockRequest& request, BlockCompletion& completion) override;
    void end_batch() override;

private:
    UringBlockBackend(const DiskImage& image, WorkerPool& workers, EventLoop& loop)
        : image_(image)
        , loop_(loop)
        , threads_(image, workers, loop) {}

    [[nodiscard]] bool open(unsigned entries);
    [[nodiscard]] bool supported() const;
    [[nodiscard]] io_uring_sqe* next_entry();
    void fill(io_uring_sqe& entry, const BlockRequest& request) const;
    void reap();
    /// Completes what has finished. Returns whom it told last, or null.
    BlockCompletion* collect();
    void finish(BlockRequest& request, int result);

    const DiskImage& image_;
    EventLoop& loop_;
    ThreadBlockBackend threads_;
    io_uring ring_{};
    bool open_ = false;
};

}  // namespace lkvm::vmm
