// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's disk: virtio-blk on an image of the host.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>
#include <vector>

#include <lkvm/block_backend.hpp>

#include "virtio/blk/device.hpp"
#include "vmm/devices/hosted_device.hpp"
#include "vmm/host/disk_image.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/worker_pool.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// One thread per queue, which owns the ring and its io_uring.
class DiskDevice final : public HostedDevice {
public:
    /// Failure: io_uring was asked for and is refused.
    [[nodiscard]] static Outcome<std::unique_ptr<DiskDevice>> create(DevicePlace place,
                                                                     DiskImage image,
                                                                     const DiskOptions& options,
                                                                     WorkerPool& workers);

    void start() override;
    void stop() override;

    /// "io_uring" or "threads".
    [[nodiscard]] std::string_view io_name() const { return io_name_; }

private:
    DiskDevice(DevicePlace place, DiskImage image)
        : HostedDevice(std::move(place))
        , image_(std::move(image)) {}

    [[nodiscard]] Outcome<> build(const DiskOptions& options, WorkerPool& workers);

    DiskImage image_;
    std::atomic<bool> complained_{false};
    std::vector<std::unique_ptr<EventLoop>> loops_;
    std::vector<std::unique_ptr<BlockBackend, void (*)(BlockBackend*)>> backends_;
    std::unique_ptr<virtio::Queue[]> queues_;
    std::unique_ptr<virtio::blk::RequestQueue[]> request_queues_;
    std::unique_ptr<virtio::blk::BlkDevice> device_;
    std::string_view io_name_;
};

}  // namespace lkvm::vmm
