// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/socket_port.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include "vmm/text.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace lkvm::vmm {

namespace {

Failure bad_port(const PortOptions& options, std::string_view what) {
    return setup_failure(text("--port '", options.name, ',', options.path, "': ", what));
}

/// A socket file that a program left behind: nobody answers there.
bool stale(const sockaddr_un& address) {
    struct stat about{};
    if (::lstat(address.sun_path, &about) != 0 || !S_ISSOCK(about.st_mode)) return false;
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    return ::connect(probe.value(), generic, sizeof(address)) != 0 && errno == ECONNREFUSED;
}

}  // namespace

Outcome<std::unique_ptr<SocketPort>> SocketPort::create(const PortOptions& options, EventLoop& loop,
                                                        Wake wake) {
    std::unique_ptr<SocketPort> port(new SocketPort(options.path, loop, std::move(wake)));
    LKVM_CHECK(port->listen(options));
    return port;
}

SocketPort::~SocketPort() {
    if (client_.valid()) loop_.unwatch(client_.value());
    if (listener_.valid()) loop_.unwatch(listener_.value());
    if (bound_) ::unlink(path_.c_str());
}

Outcome<> SocketPort::listen(const PortOptions& options) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof(address.sun_path)) {
        return bad_port(options, text("a socket's path has at most ", sizeof(address.sun_path) - 1,
                                      " characters"));
    }
    std::memcpy(address.sun_path, path_.data(), path_.size());
    if (stale(address)) ::unlink(path_.c_str());
    listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener_.valid()) return bad_port(options, system_error_text(errno));
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::bind(listener_.value(), generic, sizeof(address)) != 0) {
        const int error = errno;
        listener_ = UniqueFd();
        return bad_port(options, system_error_text(error));
    }
    bound_ = true;
    if (::listen(listener_.value(), 8) != 0) {
        const int error = errno;
        listener_ = UniqueFd();
        return bad_port(options, system_error_text(error));
    }
    loop_.watch(listener_.value(), EPOLLIN, [this](std::uint32_t) { accept_client(); });
    return {};
}

void SocketPort::accept_client() {
    UniqueFd client(::accept4(listener_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client.valid()) return;
    client_ = std::move(client);
    // The next one has its turn when this one is gone.
    loop_.change(listener_.value(), 0);
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
    loop_.change(listener_.value(), EPOLLIN);
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
