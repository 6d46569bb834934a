// SPDX-License-Identifier: GPL-2.0-or-later
// The host's end of a guest's network interface.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <lkvm/log.hpp>
#include <lkvm/net_backend.hpp>

#include "vmm/host/event_loop.hpp"
#include "vmm/host/net_options.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Told by a network what its device has to know. Any thread.
class NetworkEvents {
public:
    /// The interface came or went.
    virtual void link_changed(bool up) = 0;

protected:
    ~NetworkEvents() = default;  // never deleted through the interface
};

/// One back end per queue pair, all on the loops they were made with. Made and destroyed on the
/// main thread while the loops stand still.
class Network : public NetControl {
public:
    virtual ~Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

    [[nodiscard]] virtual NetProperties properties() const = 0;
    [[nodiscard]] virtual NetBackend& pair(std::size_t index) = 0;
    /// "tap interface tap0", for messages.
    [[nodiscard]] virtual std::string description() const = 0;
    /// Once, before the loops start.
    virtual void report_to(NetworkEvents& events) { static_cast<void>(events); }

protected:
    Network() = default;
};

/// What makes a network; the loops and the log outlive it.
struct NetworkRequest {
    const NetOptions& options;
    unsigned index = 0;                 ///< of the interface in the machine
    std::span<EventLoop* const> loops;  ///< one per pair
    Log& log;
    std::string log_name;  ///< of the device
};

/// On the host's tap interface. Failures: it cannot be had, or is not as asked for.
[[nodiscard]] Outcome<std::unique_ptr<Network>> make_tap_network(const NetworkRequest& request);

/// Whether this program has user-mode networking at all.
[[nodiscard]] bool user_network_available();
/// A private network with address translation, made of the host's sockets without privileges.
/// Failures: there is none in this program; a forwarded port is taken; more than one pair.
[[nodiscard]] Outcome<std::unique_ptr<Network>> make_user_network(const NetworkRequest& request);

/// The MAC address of an interface whose user named none: the same at every start in a private
/// network, random on a shared one.
enum class NetworkKind : unsigned char { private_network, shared_network };
[[nodiscard]] MacAddress default_mac(NetworkKind kind, unsigned index);

}  // namespace lkvm::vmm
