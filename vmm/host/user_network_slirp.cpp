// SPDX-License-Identifier: GPL-2.0-or-later
// User-mode networking through libslirp: a private network 10.0.2.0/24 and fec0::/64 with gateway,
// DHCP and DNS, whose connections are sockets of this process. The second interface of a machine
// has 10.0.3.0/24 and fec0:0:0:1::/64, and so on.
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include <lkvm/assert.hpp>

#include "vmm/host/frame_queue.hpp"
#include "vmm/host/internet_checksum.hpp"
#include "vmm/host/network.hpp"
#include "vmm/host/slirp_poller.hpp"
#include "vmm/text.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <slirp/libslirp.h>

namespace lkvm::vmm {

namespace {

/// Version of SlirpConfig and SlirpCb that is filled here.
constexpr std::uint32_t config_version = 1;
constexpr unsigned max_user_networks = 200;
/// libslirp's own limit, IF_MTU_MAX: a packet with its Ethernet header fits 64 KiB.
constexpr unsigned max_user_mtu = 65521;

/// Addresses of the private network, by their last byte.
constexpr std::uint32_t first_network = 0x0a000200;  // 10.0.2.0
constexpr std::uint32_t network_step = 0x100;
constexpr std::uint32_t network_mask = 0xffffff00;
constexpr std::uint32_t gateway = 2;
constexpr std::uint32_t name_server = 3;
constexpr std::uint32_t first_lease = 15;
constexpr unsigned prefix_bits = 64;

/// What cutting and checksums cost nothing here: whole TCP packets go to libslirp at once, and
/// FrameQueue joins those that come from it.
constexpr NetOffloads offloads = net_offload::checksum | net_offload::tcp4 | net_offload::tcp6;

in_addr address(std::uint32_t host_order) {
    return in_addr{htonl(host_order)};
}

in6_addr address6(unsigned index, std::uint8_t last) {
    in6_addr result{};
    result.s6_addr[0] = 0xfe;
    result.s6_addr[1] = 0xc0;
    result.s6_addr[7] = static_cast<std::uint8_t>(index);
    result.s6_addr[15] = last;
    return result;
}

/// All but the constructor and the destructor on the loop.
class UserNetwork final : public Network, private NetBackend {
public:
    explicit UserNetwork(const NetworkRequest& request);
    ~UserNetwork() override { slirp_cleanup(slirp_); }

    [[nodiscard]] Outcome<> forward(const NetOptions& options);

    [[nodiscard]] NetProperties properties() const override { return properties_; }
    [[nodiscard]] NetBackend& pair(std::size_t) override { return *this; }
    [[nodiscard]] std::string description() const override { return "user-mode network"; }
    void set_guest_offloads(NetOffloads wanted) override {
        offloads_wanted_.store(wanted);
        loop_.trigger(offloads_trigger_);
    }
    void set_queue_pairs(unsigned) override {}

private:
    void connect(NetEvents& events) override { events_ = &events; }
    [[nodiscard]] SendStatus send(const NetHeader& header,
                                  std::span<const HostBuffer> frame) override;
    void send_later() override { loop_.trigger(send_trigger_); }
    [[nodiscard]] std::optional<NetFrame> front() override { return frames_.front(); }
    void pop() override { frames_.pop(); }
    void listen(bool on) override;
    void deliver();

    [[nodiscard]] static const SlirpCb& callbacks();
    static UserNetwork& from(void* self) { return *static_cast<UserNetwork*>(self); }

    EventLoop& loop_;
    Log& log_;
    const std::string log_name_;
    const std::uint32_t network_;
    SlirpPoller poller_;
    Slirp* slirp_ = nullptr;
    NetProperties properties_;
    NetEvents* events_ = nullptr;
    unsigned send_trigger_ = 0;
    unsigned deliver_trigger_ = 0;
    unsigned offloads_trigger_ = 0;
    std::atomic<NetOffloads> offloads_wanted_{0};
    bool listening_ = false;
    LogLimiter complaints_;
    FrameQueue frames_;
    std::array<std::byte, max_frame_size> sending_;
};

UserNetwork::UserNetwork(const NetworkRequest& request)
    : loop_(*request.loops.front())
    , log_(request.log)
    , log_name_(request.log_name)
    , network_(first_network + request.index * network_step)
    , poller_(loop_) {
    const NetOptions& options = request.options;
    properties_.mac =
        options.mac.value_or(default_mac(NetworkKind::private_network, request.index));
    properties_.mtu = options.mtu;
    properties_.to_host = offloads;
    properties_.to_guest = offloads;
    send_trigger_ = loop_.add_trigger([this] { events_->send_ready(); });
    deliver_trigger_ = loop_.add_trigger([this] { deliver(); });
    offloads_trigger_ =
        loop_.add_trigger([this] { frames_.set_offloads(offloads_wanted_.load()); });

    SlirpConfig config{};
    config.version = config_version;
    config.in_enabled = true;
    config.vnetwork = address(network_);
    config.vnetmask = address(network_mask);
    config.vhost = address(network_ + gateway);
    config.vdhcp_start = address(network_ + first_lease);
    config.vnameserver = address(network_ + name_server);
    config.in6_enabled = true;
    config.vprefix_addr6 = address6(request.index, 0);
    config.vprefix_len = prefix_bits;
    config.vhost6 = address6(request.index, gateway);
    config.vnameserver6 = address6(request.index, name_server);
    if (options.mtu != 0) {
        config.if_mtu = options.mtu;
        config.if_mru = options.mtu;
    }
    slirp_ = slirp_new(&config, &callbacks(), this);
    LKVM_ASSERT(slirp_ != nullptr);
    poller_.connect(*slirp_);
}

const SlirpCb& UserNetwork::callbacks() {
    static const SlirpCb table = [] {
        SlirpCb cb{};
        cb.send_packet = [](const void* bytes, std::size_t size, void* self) -> ssize_t {
            UserNetwork& network = from(self);
            const bool was_empty = network.frames_.empty();
            const std::span frame(static_cast<const std::byte*>(bytes), size);
            // TCP sends again what is dropped.
            if (size <= max_frame_size) static_cast<void>(network.frames_.push(frame));
            if (was_empty && network.listening_) network.loop_.trigger(network.deliver_trigger_);
            return static_cast<ssize_t>(size);
        };
        cb.guest_error = [](const char*, void* self) {
            UserNetwork& network = from(self);
            if (!network.complaints_.allow()) return;
            network.log_.line(LogLevel::debug, network.log_name_, "libslirp did not like a packet",
                              0);
        };
        cb.clock_get_ns = [](void*) { return SlirpPoller::clock_ns(); };
        cb.timer_new = [](SlirpTimerCb expired, void* opaque, void* self) -> void* {
            return from(self).poller_.add_timer([expired, opaque] { expired(opaque); });
        };
        cb.timer_free = [](void* timer, void* self) {
            from(self).poller_.remove_timer(static_cast<SlirpPoller::Timer*>(timer));
        };
        cb.timer_mod = [](void* timer, std::int64_t due_ms, void* self) {
            static_cast<SlirpPoller::Timer*>(timer)->due_ms = due_ms;
            from(self).poller_.refresh_soon();
        };
        cb.register_poll_fd = [](int, void*) {};
        cb.unregister_poll_fd = [](int fd, void* self) { from(self).poller_.closing(fd); };
        cb.notify = [](void* self) { from(self).poller_.refresh_soon(); };
        return cb;
    }();
    return table;
}

Outcome<> UserNetwork::forward(const NetOptions& options) {
    for (const PortForward& one : options.forwards) {
        const std::uint32_t guest =
            one.guest_address != 0 ? one.guest_address : network_ + first_lease;
        if (slirp_add_hostfwd(slirp_, one.udp ? 1 : 0, address(one.host_address), one.host_port,
                              address(guest), one.guest_port) != 0) {
            const int error = errno;
            return setup_failure(text("--network '", options.argument, "': cannot listen on port ",
                                      one.host_port, ": ", system_error_text(error)));
        }
    }
    return {};
}

SendStatus UserNetwork::send(const NetHeader& header, std::span<const HostBuffer> frame) {
    std::size_t size = 0;
    for (const HostBuffer& part : frame) {
        std::memcpy(sending_.data() + size, part.data, part.size);
        size += part.size;
    }
    complete_checksum(header, std::span{sending_}.first(size));
    slirp_input(slirp_, reinterpret_cast<const std::uint8_t*>(sending_.data()),
                static_cast<int>(size));
    poller_.refresh_soon();
    return SendStatus::done;
}

void UserNetwork::listen(bool on) {
    listening_ = on;
    if (on && !frames_.empty()) loop_.trigger(deliver_trigger_);
}

void UserNetwork::deliver() {
    if (!listening_ || frames_.empty()) return;
    events_->receive_ready();
    if (listening_ && !frames_.empty()) loop_.trigger(deliver_trigger_);
}

}  // namespace

bool user_network_available() {
    return true;
}

Outcome<std::unique_ptr<Network>> make_user_network(const NetworkRequest& request) {
    const NetOptions& options = request.options;
    if (options.queues != 1) {
        return usage_failure(text("--network '", options.argument,
                                  "': a user-mode network has one queue, expected mode=tap"));
    }
    if (options.mtu > max_user_mtu) {
        return usage_failure(text("--network '", options.argument,
                                  "': the MTU of a user-mode network is at most ", max_user_mtu));
    }
    if (request.index >= max_user_networks) {
        return usage_failure(
            text("at most ", max_user_networks, " user-mode networks are possible"));
    }
    auto network = std::make_unique<UserNetwork>(request);
    LKVM_CHECK(network->forward(options));
    return std::unique_ptr<Network>(std::move(network));
}

}  // namespace lkvm::vmm
