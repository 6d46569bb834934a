// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/network_device.hpp"

#include <utility>

#include "vmm/text.hpp"

namespace lkvm::vmm {

Outcome<std::unique_ptr<NetworkDevice>> NetworkDevice::create(DevicePlace place,
                                                              const NetOptions& options,
                                                              unsigned index) {
    std::unique_ptr<NetworkDevice> device(new NetworkDevice(std::move(place)));
    LKVM_CHECK(device->build(options, index));
    return device;
}

Outcome<> NetworkDevice::build(const NetOptions& options, unsigned index) {
    const std::size_t count = options.queues;
    std::vector<EventLoop*> pair_loops;
    std::vector<EventLoop*> queue_loops;
    for (std::size_t i = 0; i < count; ++i) {
        EventLoop& loop = *loops_.emplace_back(
            std::make_unique<EventLoop>(text(name().substr(name().find('-') + 1), '.', i)));
        pair_loops.push_back(&loop);
        queue_loops.insert(queue_loops.end(), 2, &loop);
    }
    queue_loops.push_back(pair_loops.front());
    const NetworkRequest request{options, index, pair_loops, place().log, name()};
    network_ = LKVM_CHECK(options.mode == NetMode::tap ? make_tap_network(request)
                                                       : make_user_network(request));
    std::vector<NetBackend*> backends;
    for (std::size_t i = 0; i < count; ++i) backends.push_back(&network_->pair(i));
    queues_ = std::make_unique<virtio::Queue[]>(queue_loops.size());
    pairs_ = std::make_unique<virtio::net::QueuePair[]>(count);
    device_ = std::make_unique<virtio::net::NetDevice>(
        place().memory, network_->properties(),
        virtio::net::NetDevice::Parts{
            {queues_.get(), queue_loops.size()}, {pairs_.get(), count}, backends, *network_});
    network_->report_to(*this);
    attach(*device_, options.packed ? virtio::RingFormat::packed : virtio::RingFormat::split,
           queue_loops);
    return {};
}

void NetworkDevice::start() {
    for (const auto& loop : loops_) loop->start();
}

void NetworkDevice::stop() {
    for (const auto& loop : loops_) loop->stop();
}

}  // namespace lkvm::vmm
