// SPDX-License-Identifier: GPL-2.0-or-later
// In place of user_network_slirp.cpp in builds without libslirp.
#include "vmm/host/network.hpp"

#include "vmm/text.hpp"

namespace lkvm::vmm {

bool user_network_available() {
    return false;
}

Outcome<std::unique_ptr<Network>> make_user_network(const NetworkRequest& request) {
    return setup_failure(text("--network '", request.options.argument,
                              "': this lkvm was built without user-mode networking, expected "
                              "mode=tap or mode=none"));
}

}  // namespace lkvm::vmm
