// SPDX-License-Identifier: GPL-2.0-or-later
// The virtio devices that a command line asks for.
#pragma once

#include <vector>

#include "vmm/host/disk_image.hpp"

namespace lkvm::vmm {

struct DeviceOptions {
    std::vector<DiskOptions> disks;
    bool rng = false;

    [[nodiscard]] std::size_t count() const { return disks.size() + (rng ? 1 : 0); }
};

}  // namespace lkvm::vmm
