// SPDX-License-Identifier: GPL-2.0-or-later
// The host's side of a guest's sockets: connecting, accepting, watching.
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "vmm/cli/number.hpp"
#include "vmm/host/vsock/vsock_mux.hpp"
#include "vmm/text.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace lkvm::vmm {

namespace vsock = virtio::vsock;
using State = VsockConnection::State;

namespace {

/// How often a program without room for another connection is asked again, and times are looked at.
constexpr std::chrono::milliseconds tick_time{10};

constexpr std::size_t longest_command = 32;

}  // namespace

// --- the guest connects ---

void VsockMux::guest_connects(const vsock::Packet& packet) {
    UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool full = connections_.size() + lingering_.size() >= max_connections;
    if (!socket.valid() || full) return refuse(packet);
    const VsockPorts ports{packet.destination_port, packet.source_port};
    const auto entry = std::make_shared<Entry>(
        Entry{VsockConnection(ports, State::connecting, std::move(socket), buffer_size()),
              {},
              {},
              {},
              {}});
    entry->connection.update_credit(packet);
    entry->deadline = Clock::now() + connect_time;
    if (!try_connect(*entry)) return refuse(packet);
    connections_.emplace(ports, entry);
    if (entry->connection.state() == State::established) {
        watch(entry);
    } else {
        start_timer();
    }
    settle(entry);
}

bool VsockMux::try_connect(Entry& entry) {
    sockaddr_un address;
    if (!unix_address(text(listener_.path(), '_', entry.connection.ports().host), address)) {
        return false;
    }
    // How the socket calls take addresses of every family.
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(entry.connection.fd(), generic, sizeof(address)) == 0) {
        entry.connection.establish(true);
        return true;
    }
    // EAGAIN: the listener's queue is full.
    return errno == EAGAIN || errno == EINTR;
}

// --- the host connects ---

void VsockMux::accept() {
    UniqueFd socket = listener_.accept();
    if (!socket.valid()) {
        if (errno != EMFILE && errno != ENFILE) return;
        // Would be reported over and over: later.
        loop_.change(listener_.fd(), 0);
        listener_off_ = true;
        return start_timer();
    }
    if (clients_.size() >= max_connections) return;
    const auto client = std::make_shared<Client>();
    client->socket = std::move(socket);
    client->deadline = Clock::now() + connect_time;
    clients_.insert(client);
    // Edges, as what is only looked at stays.
    loop_.watch(client->socket.value(), EPOLLIN | EPOLLRDHUP | EPOLLET,
                [this, client](std::uint32_t) { serve_client(client); });
    start_timer();
}

void VsockMux::end_client(const ClientPtr& client) {
    loop_.unwatch(client->socket.value());
    clients_.erase(client);
}

void VsockMux::serve_client(const ClientPtr& client) {
    const int fd = client->socket.value();
    std::array<char, longest_command> bytes;
    // Only looked at: behind the line the stream may begin already.
    const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end_client(client);
    const std::string_view seen(bytes.data(), static_cast<std::size_t>(count));
    const std::size_t end = seen.find('\n');
    if (end == std::string_view::npos) {
        if (seen.size() == bytes.size()) end_client(client);
        return;
    }
    constexpr std::string_view command = "CONNECT ";
    const std::string_view line = seen.substr(0, end);
    const Number port = line.starts_with(command) ? parse_number(line.substr(command.size()))
                                                  : Number{0, NumberError::malformed};
    const bool good = port.error == NumberError::none && port.value <= UINT32_MAX;
    const bool taken =
        ::recv(fd, bytes.data(), end + 1, MSG_DONTWAIT) == static_cast<ssize_t>(end + 1);
    const ClientPtr kept = client;  // the handler that holds it goes now
    loop_.unwatch(fd);
    clients_.erase(kept);
    if (good && taken && start_request(*kept, static_cast<std::uint32_t>(port.value))) deliver_();
}

bool VsockMux::start_request(Client& client, std::uint32_t guest_port) {
    if (connections_.size() + lingering_.size() >= max_connections) return false;
    VsockPorts ports{0, guest_port};
    do {
        ports.host = next_host_port_++;
        // Linux takes UINT32_MAX for "any".
        if (next_host_port_ == UINT32_MAX) next_host_port_ = first_host_port;
    } while (connections_.contains(ports));
    const auto entry = std::make_shared<Entry>(
        Entry{VsockConnection(ports, State::requested, std::move(client.socket), buffer_size()),
              {},
              {},
              {},
              true});
    entry->deadline = Clock::now() + connect_time;
    entry->connection.request();
    connections_.emplace(ports, entry);
    start_timer();
    settle(entry);
    return true;
}

void VsockMux::confirm(Entry& entry) {
    const std::string line = text("OK ", entry.connection.ports().host, '\n');
    // A new socket has room for a line.
    [[maybe_unused]] const ssize_t sent =
        ::send(entry.connection.fd(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    watch(connections_.at(entry.connection.ports()));
}

// --- sockets ---

void VsockMux::watch(const EntryPtr& entry) {
    entry->watched = true;
    // Edges: what the guest has no room for must not be reported over and over.
    loop_.watch(entry->connection.fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                [this, entry](std::uint32_t events) {
                    VsockConnection& connection = entry->connection;
                    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
                        connection.input_ready((events & (EPOLLHUP | EPOLLERR)) != 0);
                    }
                    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
                        connection.output_ready();
                    }
                    settle(entry);
                    deliver_();
                });
}

void VsockMux::unwatch(Entry& entry) {
    if (std::exchange(entry.watched, false)) loop_.unwatch(entry.connection.fd());
}

void VsockMux::start_timer() {
    if (!timer_.running()) timer_.start(tick_time);
}

void VsockMux::tick() {
    const Clock::time_point now = Clock::now();
    if (std::exchange(listener_off_, false)) loop_.change(listener_.fd(), EPOLLIN);
    const auto late_clients = clients_;
    for (const ClientPtr& client : late_clients) {
        if (now >= client->deadline) end_client(client);
    }
    bool again = !clients_.empty();
    const auto connections = connections_;
    for (const auto& [ports, entry] : connections) {
        VsockConnection& connection = entry->connection;
        const bool waits = connection.state() == State::connecting;
        if (!waits && connection.state() != State::requested) continue;
        const bool possible = !waits || try_connect(*entry);
        if (connection.state() == State::established) {
            watch(entry);
        } else if (!possible || now >= entry->deadline) {
            connection.abort();
        } else {
            again = true;
        }
        settle(entry);
    }
    if (again) start_timer();
    deliver_();
}

}  // namespace lkvm::vmm
