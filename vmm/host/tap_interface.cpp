// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/tap_interface.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace lkvm::vmm {

namespace {

// Newer than the kernel headers of some build hosts.
constexpr unsigned tun_f_uso4 = 0x20;
constexpr unsigned tun_f_uso6 = 0x40;

constexpr NetOffloads classic_offloads =
    net_offload::checksum | net_offload::tcp4 | net_offload::tcp6 | net_offload::tcp_ecn;

Failure tap_failure(const NetOptions& options, std::string_view what, int error) {
    return setup_failure(
        text("--network '", options.argument, "': ", what, ": ", system_error_text(error)));
}

ifreq request_for(const std::string& name) {
    ifreq request{};
    std::copy_n(name.data(), std::min(name.size(), sizeof(request.ifr_name) - 1), request.ifr_name);
    return request;
}

unsigned flags_of(const ifreq& request) {
    return static_cast<std::uint16_t>(request.ifr_flags);
}

/// Attaches a descriptor to the interface, which is made if it is not there. The name comes back
/// in `request`.
bool attach(int fd, ifreq& request, unsigned flags) {
    request.ifr_flags = static_cast<short>(flags);
    return ::ioctl(fd, TUNSETIFF, &request) == 0;
}

Outcome<> open_queues(const NetOptions& options, TapInterface& tap) {
    unsigned flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
    if (options.queues > 1) flags |= IFF_MULTI_QUEUE;
    ifreq request = request_for(options.interface_name);
    for (unsigned i = 0; i < options.queues; ++i) {
        UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
        if (!fd.valid()) return tap_failure(options, "cannot open /dev/net/tun", errno);
        // An interface that was made for several queues takes no plain one.
        if (!attach(fd.value(), request, flags) &&
            (errno != EINVAL || i != 0 || !attach(fd.value(), request, flags | IFF_MULTI_QUEUE))) {
            const int error = errno;
            const std::string which =
                options.interface_name.empty() ? "a tap interface" : options.interface_name;
            if (error == EBUSY) {
                return setup_failure(text("--network '", options.argument, "': ", which,
                                          " is in use, or was not made for ", options.queues,
                                          " queue(s)"));
            }
            return tap_failure(options, text("cannot attach to ", which), error);
        }
        tap.queues.push_back(std::move(fd));
    }
    tap.name = request.ifr_name;
    tap.headers = true;
    return {};
}

Outcome<> take_queues(const NetOptions& options, TapInterface& tap) {
    for (std::size_t i = 0; i < options.fds.size(); ++i) {
        const int number = options.fds[i];
        ifreq request{};
        if (::ioctl(number, TUNGETIFF, &request) != 0) {
            return tap_failure(options, text("fd=", number, " is no tap interface"), errno);
        }
        UniqueFd fd(number);
        const unsigned flags = flags_of(request);
        const bool headers = (flags & IFF_VNET_HDR) != 0;
        if ((flags & IFF_TAP) == 0 || (flags & IFF_NO_PI) == 0) {
            return setup_failure(text("--network '", options.argument, "': fd=", number,
                                      " is not an interface of kind tap with no_pi"));
        }
        if (i != 0 && (tap.name != request.ifr_name || tap.headers != headers)) {
            return setup_failure(text("--network '", options.argument, "': fd=", number,
                                      " belongs to another interface"));
        }
        tap.name = request.ifr_name;
        tap.headers = headers;
        const int status = ::fcntl(number, F_GETFL);
        if (status < 0 || ::fcntl(number, F_SETFL, status | O_NONBLOCK) != 0 ||
            ::fcntl(number, F_SETFD, FD_CLOEXEC) != 0) {
            return tap_failure(options, text("fd=", number), errno);
        }
        tap.queues.push_back(std::move(fd));
    }
    return {};
}

/// Headers of our size, and which offloads there are; all off.
Outcome<> set_up_headers(const NetOptions& options, TapInterface& tap) {
    if (!tap.headers) return {};
    for (const UniqueFd& fd : tap.queues) {
        int size = sizeof(NetHeader);
        if (::ioctl(fd.value(), TUNSETVNETHDRSZ, &size) != 0) {
            return tap_failure(options, "no headers of VIRTIO 1 on the interface", errno);
        }
    }
    const int first = tap.queues.front().value();
    for (const NetOffloads offloads :
         {classic_offloads | net_offload::udp, classic_offloads, net_offload::checksum}) {
        if (!set_tap_offloads(first, offloads)) continue;
        tap.offloads = offloads;
        break;
    }
    set_tap_offloads(first, 0);
    return {};
}

Outcome<> bring_up(const NetOptions& options, const TapInterface& tap, int control) {
    ifreq request = request_for(tap.name);
    if (options.mtu != 0) {
        request.ifr_mtu = options.mtu;
        if (::ioctl(control, SIOCSIFMTU, &request) != 0) {
            return tap_failure(options, text("mtu=", options.mtu), errno);
        }
    }
    request = request_for(tap.name);
    if (::ioctl(control, SIOCGIFFLAGS, &request) != 0) {
        return tap_failure(options, tap.name, errno);
    }
    request.ifr_flags = static_cast<short>(flags_of(request) | IFF_UP);
    if (::ioctl(control, SIOCSIFFLAGS, &request) != 0) {
        return tap_failure(options, text("cannot bring ", tap.name, " up"), errno);
    }
    return {};
}

}  // namespace

Outcome<TapInterface> open_tap(const NetOptions& options) {
    TapInterface tap;
    if (options.interface_name.size() >= IFNAMSIZ) {
        return usage_failure(text("--network '", options.argument, "': ifname: at most ",
                                  IFNAMSIZ - 1, " characters"));
    }
    if (options.fds.empty()) {
        tap.created =
            options.interface_name.empty() || ::if_nametoindex(options.interface_name.c_str()) == 0;
        LKVM_CHECK(open_queues(options, tap));
    } else {
        LKVM_CHECK(take_queues(options, tap));
    }
    LKVM_CHECK(set_up_headers(options, tap));
    const UniqueFd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!control.valid()) return tap;
    if (tap.created) LKVM_CHECK(bring_up(options, tap, control.value()));
    ifreq request = request_for(tap.name);
    // A descriptor may belong to another network namespace, where its name means nothing here.
    if (options.fds.empty() && ::ioctl(control.value(), SIOCGIFMTU, &request) == 0) {
        tap.mtu = static_cast<std::uint16_t>(std::min<int>(request.ifr_mtu, max_mtu));
    }
    return tap;
}

bool set_tap_offloads(int fd, NetOffloads offloads) {
    unsigned flags = 0;
    if ((offloads & net_offload::checksum) != 0) {
        flags |= TUN_F_CSUM;
        if ((offloads & net_offload::tcp4) != 0) flags |= TUN_F_TSO4;
        if ((offloads & net_offload::tcp6) != 0) flags |= TUN_F_TSO6;
        if ((flags & (TUN_F_TSO4 | TUN_F_TSO6)) != 0 && (offloads & net_offload::tcp_ecn) != 0) {
            flags |= TUN_F_TSO_ECN;
        }
        if ((offloads & net_offload::udp) != 0) flags |= tun_f_uso4 | tun_f_uso6;
    }
    return ::ioctl(fd, TUNSETOFFLOAD, static_cast<unsigned long>(flags)) == 0;
}

bool set_tap_attached(int fd, bool attached) {
    ifreq request{};
    request.ifr_flags = attached ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
    return ::ioctl(fd, TUNSETQUEUE, &request) == 0;
}

}  // namespace lkvm::vmm
