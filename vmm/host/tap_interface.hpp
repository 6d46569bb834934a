// SPDX-License-Identifier: GPL-2.0-or-later
// Opening tap interfaces of Linux. Linux Documentation/networking/tuntap.rst.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <lkvm/net_backend.hpp>

#include "vmm/host/net_options.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// An interface and a descriptor for each queue pair, all attached, non-blocking.
struct TapInterface {
    std::string name;
    std::vector<UniqueFd> queues;
    /// Frames come with a NetHeader; otherwise there are no offloads.
    bool headers = false;
    NetOffloads offloads = 0;  ///< those that the interface knows
    std::uint16_t mtu = 0;     ///< 0: unknown
    bool created = false;      ///< it was not there before and goes with the descriptors
};

/// As `options` say: descriptors that were passed, an existing interface, or a new one, which is
/// set up with the MTU asked for. Failures name the option and the reason.
[[nodiscard]] Outcome<TapInterface> open_tap(const NetOptions& options);

/// What frames from the interface may leave to the reader. False: the host refuses.
bool set_tap_offloads(int fd, NetOffloads offloads);
/// Whether the interface uses this queue; only with more than one. False: the host refuses.
bool set_tap_attached(int fd, bool attached);

}  // namespace lkvm::vmm
