// SPDX-License-Identifier: GPL-2.0-or-later
// The virtio devices that a command line asks for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vmm/devices/socket_port.hpp"
#include "vmm/host/disk_image.hpp"
#include "vmm/host/net_options.hpp"
#include "vmm/host/p9/shared_directory.hpp"
#include "vmm/host/vsock/vsock_options.hpp"

namespace lkvm::vmm {

struct DeviceOptions {
    std::vector<DiskOptions> disks;
    std::vector<NetOptions> networks;
    bool rng = false;
    bool console = false;            ///< the user's terminal on a virtio console
    std::vector<PortOptions> ports;  ///< of the same console device
    std::vector<ShareOptions> shares;
    bool balloon = false;
    std::optional<VsockOptions> vsock;

    [[nodiscard]] bool has_console() const { return console || !ports.empty(); }
    [[nodiscard]] std::size_t count() const {
        std::size_t count = disks.size();
        count += networks.size();
        count += rng ? 1 : 0;
        count += has_console() ? 1 : 0;
        count += shares.size();
        count += balloon ? 1 : 0;
        count += vsock.has_value() ? 1 : 0;
        return count;
    }
};

}  // namespace lkvm::vmm
