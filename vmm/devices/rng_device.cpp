// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/rng_device.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include <sys/random.h>

namespace lkvm::vmm {

RngDevice::RngDevice(DevicePlace given)
    : HostedDevice(std::move(given))
    , device_(place().memory, entropy_) {
    const std::array<EventLoop*, 1> loops{&loop_};
    attach(device_, virtio::RingFormat::split, loops);
}

std::size_t RngDevice::HostEntropy::fill(std::span<std::byte> to) {
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t count = ::getrandom(to.data() + done, to.size() - done, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        done += static_cast<std::size_t>(count);
    }
    return done;
}

}  // namespace lkvm::vmm
