// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/disk_device.hpp"

#include <utility>

#include "vmm/host/thread_block_backend.hpp"
#include "vmm/host/uring_block_backend.hpp"
#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

template<class T>
void destroy(BlockBackend* backend) {
    delete static_cast<T*>(backend);
}

}  // namespace

Outcome<std::unique_ptr<DiskDevice>> DiskDevice::create(DevicePlace place, DiskImage image,
                                                        const DiskOptions& options,
                                                        WorkerPool& workers) {
    std::unique_ptr<DiskDevice> device(new DiskDevice(std::move(place), std::move(image)));
    LKVM_CHECK(device->build(options, workers));
    return device;
}

Outcome<> DiskDevice::build(const DiskOptions& options, WorkerPool& workers) {
    image_.report_to([this](int error) {
        // Once, as the guest tries as often as it likes.
        if (complained_.exchange(true)) return;
        place().log.line(LogLevel::warn, name(),
                         text("'", image_.path(), "': ", system_error_text(error),
                              "; the guest gets I/O errors"),
                         static_cast<std::uint64_t>(error));
    });
    const std::size_t count = options.queues;
    std::vector<EventLoop*> loops;
    std::vector<BlockBackend*> backends;
    for (std::size_t i = 0; i < count; ++i) {
        EventLoop& loop = *loops_.emplace_back(
            std::make_unique<EventLoop>(text(name().substr(name().find('-') + 1), '.', i)));
        loops.push_back(&loop);
        std::unique_ptr<UringBlockBackend> uring;
        if (options.io != DiskIo::threads) {
            uring = UringBlockBackend::create(image_, workers, loop, virtio::blk::queue_size);
        }
        if (uring != nullptr) {
            io_name_ = "io_uring";
            backends_.emplace_back(uring.release(), destroy<UringBlockBackend>);
        } else if (options.io == DiskIo::uring) {
            return setup_failure(
                text("--disk '", options.path, "': this host refuses io_uring, use io=threads"));
        } else {
            io_name_ = "threads";
            backends_.emplace_back(new ThreadBlockBackend(image_, workers, loop),
                                   destroy<ThreadBlockBackend>);
        }
        backends.push_back(backends_.back().get());
    }
    queues_ = std::make_unique<virtio::Queue[]>(count);
    request_queues_ = std::make_unique<virtio::blk::RequestQueue[]>(count);
    // The device copies what it needs of the list of back ends.
    device_ = std::make_unique<virtio::blk::BlkDevice>(
        place().memory, image_.properties(),
        virtio::blk::BlkDevice::Parts{
            {queues_.get(), count}, {request_queues_.get(), count}, backends});
    attach(*device_, options.packed ? virtio::RingFormat::packed : virtio::RingFormat::split,
           loops);
    return {};
}

void DiskDevice::start() {
    for (const auto& loop : loops_) loop->start();
}

void DiskDevice::stop() {
    for (const auto& loop : loops_) loop->stop();
}

}  // namespace lkvm::vmm
