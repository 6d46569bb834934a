// SPDX-License-Identifier: GPL-2.0-or-later
// Lets a person or test drive a balloon before there is a control socket.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "vmm/devices/balloon_device.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// A unix socket that takes lines: "target SIZE" (as --mem takes sizes) and "stats". Each is
/// answered with lines, the last of which is empty. Loop of the balloon.
class BalloonDebug {
public:
    /// `balloon` outlives this and is not started yet. Failure: the socket.
    [[nodiscard]] static Outcome<std::unique_ptr<BalloonDebug>> create(const std::string& path,
                                                                       BalloonDevice& balloon);
    ~BalloonDebug();
    BalloonDebug(const BalloonDebug&) = delete;
    BalloonDebug& operator=(const BalloonDebug&) = delete;

private:
    struct Client;

    BalloonDebug(UnixListener listener, BalloonDevice& balloon)
        : listener_(std::move(listener))
        , balloon_(balloon) {}

    void accept();
    void serve(const std::shared_ptr<Client>& client);
    void command(const std::shared_ptr<Client>& client, std::string_view line);

    UnixListener listener_;
    BalloonDevice& balloon_;
};

}  // namespace lkvm::vmm
