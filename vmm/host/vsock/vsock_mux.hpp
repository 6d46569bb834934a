// SPDX-License-Identifier: GPL-2.0-or-later
// Joins the stream sockets of a guest with unix sockets of the host.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "virtio/vsock/backend.hpp"
#include "vmm/host/event_loop.hpp"
#include "vmm/host/loop_timer.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/host/vsock/vsock_connection.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// With PATH the listener's path:
///  * a guest that connects to port N of the host reaches whoever listens on PATH_N;
///  * a program that connects to PATH and sends "CONNECT N\n" reaches port N of the guest: it gets
///    "OK M\n", M being the host's port, and then the stream; or the end, if nobody listens there.
/// Loop of the device.
class VsockMux final : public virtio::vsock::Backend {
public:
    static constexpr std::size_t max_connections = 1024;
    /// So many have large buffers. With the small ones of all others: 61 MiB at most.
    static constexpr std::size_t max_large = 192;
    /// How long a program or guest may take to accept a connection.
    static constexpr std::chrono::seconds connect_time{5};

    /// `deliver` is called when there is something for the guest. Before the loop starts.
    VsockMux(EventLoop& loop, UnixListener listener, std::function<void()> deliver);
    ~VsockMux();
    VsockMux(const VsockMux&) = delete;
    VsockMux& operator=(const VsockMux&) = delete;

    void receive(const virtio::vsock::Packet& packet, std::span<const HostBuffer> payload) override;
    [[nodiscard]] bool ready() const override { return resets_.size() < max_resets; }
    [[nodiscard]] bool has_next() const override { return !ready_.empty() || !resets_.empty(); }
    [[nodiscard]] bool next(virtio::vsock::Packet& packet, std::span<const HostBuffer> space,
                            std::uint32_t room) override;
    void reset() override;

    [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

private:
    using Clock = std::chrono::steady_clock;

    struct Entry {
        VsockConnection connection;
        Clock::time_point deadline{};  // while it is being made
        bool queued = false;           // in ready_
        bool watched = false;
        bool from_host = false;
    };
    static_assert(max_large * VsockConnection::large_buffer +
                      (max_connections - max_large) * VsockConnection::small_buffer <=
                  64 << 20);
    using EntryPtr = std::shared_ptr<Entry>;
    struct PortsHash {
        std::size_t operator()(const VsockPorts& ports) const {
            return std::hash<std::uint64_t>{}(std::uint64_t{ports.host} << 32 | ports.guest);
        }
    };
    /// A program that has not said yet where it wants to go.
    struct Client {
        UniqueFd socket;
        Clock::time_point deadline;
    };
    using ClientPtr = std::shared_ptr<Client>;

    /// Answers to packets that belong to no connection.
    static constexpr std::size_t max_resets = 256;
    /// The ports of the host's ends of connections that the host makes.
    static constexpr std::uint32_t first_host_port = 1u << 30;

    // vsock_mux.cpp: packets
    void refuse(const virtio::vsock::Packet& packet);
    void handle(const EntryPtr& entry, const virtio::vsock::Packet& packet,
                std::span<const HostBuffer> payload);
    void settle(const EntryPtr& entry);
    /// For one connection more.
    [[nodiscard]] std::uint32_t buffer_size() const;
    // vsock_host.cpp: the host's side
    void guest_connects(const virtio::vsock::Packet& packet);
    /// Connects the socket or puts that off. False if nobody listens.
    [[nodiscard]] bool try_connect(Entry& entry);
    void accept();
    void serve_client(const ClientPtr& client);
    [[nodiscard]] bool start_request(Client& client, std::uint32_t guest_port);
    void confirm(Entry& entry);
    void watch(const EntryPtr& entry);
    void unwatch(Entry& entry);
    void end_client(const ClientPtr& client);
    void tick();
    void start_timer();

    EventLoop& loop_;
    UnixListener listener_;
    const std::function<void()> deliver_;
    LoopTimer timer_;
    std::unordered_map<VsockPorts, EntryPtr, PortsHash> connections_;
    std::unordered_set<EntryPtr> lingering_;
    std::unordered_set<ClientPtr> clients_;
    std::deque<EntryPtr> ready_;
    std::deque<virtio::vsock::Packet> resets_;
    bool listener_off_ = false;  // for want of descriptors, until the next tick
    std::uint32_t next_host_port_ = first_host_port;
};

}  // namespace lkvm::vmm
