// SPDX-License-Identifier: GPL-2.0-or-later
// The socket device that a command line asks for.
#pragma once

#include <cstdint>
#include <string>

namespace lkvm::vmm {

struct VsockOptions {
    std::uint64_t cid = 0;  ///< virtio::vsock::first_guest_cid to last_guest_cid
    std::string path;       ///< see VsockMux
    std::string folder;     ///< to be made first; empty: none
};

}  // namespace lkvm::vmm
