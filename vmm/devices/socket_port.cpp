// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/socket_port.hpp"

#include <cerrno>
#include <chrono>
#include <utility>

#include "vmm/text.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace lkvm::vmm {

namespace {

/// After the host had no descriptor for a client.
constexpr std::chrono::milliseconds pause_after_failure{100};

}  // namespace

Outcome<std::unique_ptr<SocketPort>> SocketPort::create(const PortOptions& options, EventLoop& loop,
                                                        Wake wake) {
    std::unique_ptr<SocketPort> port(new SocketPort(loop, std::move(wake)));
    LKVM_CHECK(port->listen(options));
    return port;
}

SocketPort::~SocketPort() {
    if (client_.valid()) loop_.unwatch(client_.value());
    if (listener_.fd() >= 0) loop_.unwatch(listener_.fd());
}

Outcome<> SocketPort::listen(const PortOptions& options) {
    listener_ =
        LKVM_CHECK(UnixListener::create(options.path, text("--port '", options.name, '\'')));
    loop_.watch(listener_.fd(), EPOLLIN, [this](std::uint32_t) { accept_client(); });
    return {};
}

void SocketPort::accept_client() {
    UniqueFd client = listener_.accept();
    // The next one has its turn when this one is gone. One that could not be taken would be
    // reported over and over.
    loop_.change(listener_.fd(), 0);
    if (!client.valid()) return listen_again_.start(pause_after_failure);
    client_ = std::move(client);
    input_ended_ = false;
    hung_up_ = false;
    // Edges only: what the guest does not take now must not be reported over and over.
    loop_.watch(client_.value(), EPOLLIN | EPOLLOUT | EPOLLET,
                [this](std::uint32_t events) { serve_client(events); });
    wake_.host_opened(true);
    wake_.output_ready();
}

void SocketPort::serve_client(std::uint32_t events) {
    hung_up_ = hung_up_ || (events & (EPOLLHUP | EPOLLERR)) != 0;
    if ((events & EPOLLIN) != 0) wake_.input_ready();
    if ((events & EPOLLOUT) != 0) wake_.output_ready();
    end_client();
}

void SocketPort::end_client() {
    if (!client_.valid() || !hung_up_) return;
    // What it sent before it went is read first, if somebody reads at all.
    if (guest_open_ && !input_ended_) return;
    loop_.unwatch(client_.value());
    client_ = UniqueFd();
    wake_.host_opened(false);
    // Writes that waited for the client are lost with it.
    wake_.output_ready();
    loop_.change(listener_.fd(), EPOLLIN);
}

void SocketPort::guest_opened(bool open) {
    guest_open_ = open;
    if (hung_up_) loop_.trigger(end_trigger_);
}

std::size_t SocketPort::write(std::span<const std::byte> bytes) {
    if (!client_.valid() || hung_up_) return bytes.size();
    std::size_t done = 0;
    while (done < bytes.size()) {
        const ssize_t count = ::send(client_.value(), bytes.data() + done, bytes.size() - done,
                                     MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            done += static_cast<std::size_t>(count);
        } else if (errno == EAGAIN) {
            return done;
        } else if (errno != EINTR) {
            // The client is going away, which the loop hears too.
            return bytes.size();
        }
    }
    return done;
}

std::size_t SocketPort::read(std::span<std::byte> to) {
    if (!client_.valid() || input_ended_) return 0;
    std::size_t done = 0;
    while (done < to.size()) {
        const ssize_t count =
            ::recv(client_.value(), to.data() + done, to.size() - done, MSG_DONTWAIT);
        if (count > 0) {
            done += static_cast<std::size_t>(count);
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            input_ended_ = count == 0 || errno != EAGAIN;
            if (input_ended_ && hung_up_) loop_.trigger(end_trigger_);
            break;
        }
    }
    return done;
}

}  // namespace lkvm::vmm
