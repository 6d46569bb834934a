// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/share_device.hpp"

#include <array>
#include <utility>

namespace lkvm::vmm {

Outcome<std::unique_ptr<ShareDevice>> ShareDevice::create(DevicePlace place,
                                                          const ShareOptions& options,
                                                          std::size_t max_files) {
    SharedDirectory shared = LKVM_CHECK(SharedDirectory::open(options));
    return std::unique_ptr<ShareDevice>(
        new ShareDevice(std::move(place), std::move(shared), options.tag, max_files));
}

ShareDevice::ShareDevice(DevicePlace where, SharedDirectory shared, std::string tag,
                         std::size_t max_files)
    : HostedDevice(std::move(where))
    , loop_(name().substr(name().find('-') + 1))
    , tag_(std::move(tag))
    , server_(std::move(shared), max_files)
    , device_(place().memory, tag_, server_) {
    const std::array<EventLoop*, 1> loops{&loop_};
    attach(device_, virtio::RingFormat::split, loops);
}

}  // namespace lkvm::vmm
