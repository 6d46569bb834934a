// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/vsock_device.hpp"

#include <utility>
#include <vector>

#include <sys/stat.h>

namespace lkvm::vmm {

Outcome<std::unique_ptr<VsockDevice>> VsockDevice::create(DevicePlace place,
                                                          const VsockOptions& options) {
    // If this fails the socket says so.
    if (!options.folder.empty()) ::mkdir(options.folder.c_str(), S_IRWXU);
    UnixListener listener = LKVM_CHECK(UnixListener::create(options.path, "--vsock"));
    return std::unique_ptr<VsockDevice>(
        new VsockDevice(std::move(place), options.cid, std::move(listener)));
}

VsockDevice::VsockDevice(DevicePlace given, std::uint64_t cid, UnixListener listener)
    : HostedDevice(std::move(given))
    , mux_(loop_, std::move(listener), [this] { device_.deliver(); })
    , device_(place().memory, cid, mux_) {
    // All queues have the same owner.
    const std::vector<EventLoop*> loops(device_.queues().size(), &loop_);
    attach(device_, virtio::RingFormat::split, loops);
}

}  // namespace lkvm::vmm
