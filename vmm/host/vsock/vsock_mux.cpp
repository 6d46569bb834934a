// SPDX-License-Identifier: GPL-2.0-or-later
// Packets to and from connections. The host's sockets are in vsock_host.cpp.
#include "vmm/host/vsock/vsock_mux.hpp"

#include <algorithm>
#include <utility>

#include <sys/epoll.h>

namespace lkvm::vmm {

namespace vsock = virtio::vsock;
using State = VsockConnection::State;

VsockMux::VsockMux(EventLoop& loop, UnixListener listener, std::function<void()> deliver)
    : loop_(loop)
    , listener_(std::move(listener))
    , deliver_(std::move(deliver))
    , timer_(loop, [this] { tick(); }) {
    loop_.watch(listener_.fd(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

VsockMux::~VsockMux() {
    reset();
    loop_.unwatch(listener_.fd());
}

void VsockMux::reset() {
    for (const auto& [ports, entry] : connections_) unwatch(*entry);
    for (const EntryPtr& entry : lingering_) unwatch(*entry);
    for (const ClientPtr& client : clients_) loop_.unwatch(client->socket.value());
    connections_.clear();
    lingering_.clear();
    clients_.clear();
    ready_.clear();
    resets_.clear();
}

void VsockMux::receive(const vsock::Packet& packet, std::span<const HostBuffer> payload) {
    const bool for_us =
        packet.destination_cid == vsock::host_cid && packet.type == vsock::SocketType::stream;
    const auto found = connections_.find({packet.destination_port, packet.source_port});
    if (for_us && found != connections_.end()) {
        const EntryPtr entry = found->second;
        handle(entry, packet, payload);
        return settle(entry);
    }
    if (for_us && packet.operation == vsock::Operation::request) return guest_connects(packet);
    // VIRTIO 1.2 §5.10.6.4: a reset is not answered by one.
    if (packet.operation != vsock::Operation::reset) refuse(packet);
}

void VsockMux::refuse(const vsock::Packet& packet) {
    vsock::Packet answer;
    answer.source_cid = packet.destination_cid;
    answer.source_port = packet.destination_port;
    answer.destination_port = packet.source_port;
    answer.type = packet.type;
    answer.operation = vsock::Operation::reset;
    resets_.push_back(answer);
}

void VsockMux::handle(const EntryPtr& entry, const vsock::Packet& packet,
                      std::span<const HostBuffer> payload) {
    VsockConnection& connection = entry->connection;
    connection.update_credit(packet);
    switch (packet.operation) {
        case vsock::Operation::response:
            if (connection.state() != State::requested) return connection.abort();
            connection.establish(false);
            return confirm(*entry);
        case vsock::Operation::data:
            return connection.receive(payload, packet.length);
        case vsock::Operation::credit_update:
            return;
        case vsock::Operation::credit_request:
            return connection.credit_requested();
        case vsock::Operation::shutdown:
            return connection.guest_shut_down(packet.flags);
        case vsock::Operation::reset:
            return connection.guest_reset();
        case vsock::Operation::request:
        case vsock::Operation::invalid:
            break;
    }
    // A second request for the same ports, or nonsense.
    connection.abort();
}

std::uint32_t VsockMux::buffer_size() const {
    const auto large = [](const EntryPtr& entry) {
        return entry->connection.buffer_size() == VsockConnection::large_buffer;
    };
    std::size_t count = static_cast<std::size_t>(std::ranges::count_if(lingering_, large));
    for (const auto& [ports, entry] : connections_) count += large(entry) ? 1 : 0;
    return count < max_large ? VsockConnection::large_buffer : VsockConnection::small_buffer;
}

void VsockMux::settle(const EntryPtr& entry) {
    VsockConnection& connection = entry->connection;
    if (connection.has_next() && !entry->queued) {
        entry->queued = true;
        ready_.push_back(entry);
    }
    if (connection.state() == State::lingering) {
        // The guest may use the ports again.
        if (connections_.erase(connection.ports()) != 0) lingering_.insert(entry);
        return;
    }
    if (connection.state() != State::ended || entry->queued) return;
    unwatch(*entry);
    lingering_.erase(entry);
    const auto found = connections_.find(connection.ports());
    if (found != connections_.end() && found->second == entry) connections_.erase(found);
}

bool VsockMux::next(vsock::Packet& packet, std::span<const HostBuffer> space, std::uint32_t room) {
    if (!resets_.empty()) {
        packet = resets_.front();
        resets_.pop_front();
        return true;
    }
    while (!ready_.empty()) {
        const EntryPtr entry = std::move(ready_.front());
        ready_.pop_front();
        entry->queued = false;
        packet = vsock::Packet{};
        const bool found = entry->connection.next(packet, space, room);
        packet.source_cid = vsock::host_cid;
        packet.source_port = entry->connection.ports().host;
        packet.destination_port = entry->connection.ports().guest;
        // Behind all others, if there is more.
        if (found) settle(entry);
        if (!found && entry->connection.state() == State::ended) settle(entry);
        if (found) return true;
    }
    return false;
}

}  // namespace lkvm::vmm
