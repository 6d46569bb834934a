// SPDX-License-Identifier: GPL-2.0-or-later
// Named console port of a guest on a unix socket of the host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <lkvm/console_backend.hpp>

#include "vmm/host/event_loop.hpp"
#include "vmm/host/loop_timer.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/outcome.hpp"

#include <sys/epoll.h>

namespace lkvm::vmm {

/// `--port` as checked by the command line.
struct PortOptions {
    std::string name;
    std::string path;
};

/// Listens and serves one client at a time; others wait in the queue of the socket. What the guest
/// writes without a client is lost, as it is on an unplugged line. Loop.
class SocketPort final : public ConsoleBackend {
public:
    struct Wake {
        std::function<void()> input_ready;
        std::function<void()> output_ready;
        std::function<void(bool open)> host_opened;
    };

    /// Binds the path, replacing a socket that nobody listens on. Failures name option and path.
    /// Before the loop starts.
    [[nodiscard]] static Outcome<std::unique_ptr<SocketPort>> create(const PortOptions& options,
                                                                     EventLoop& loop, Wake wake);
    /// Removes the socket's name.
    ~SocketPort();
    SocketPort(const SocketPort&) = delete;
    SocketPort& operator=(const SocketPort&) = delete;

    [[nodiscard]] std::size_t write(std::span<const std::byte> bytes) override;
    [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
    void guest_opened(bool open) override;

private:
    SocketPort(EventLoop& loop, Wake wake)
        : loop_(loop)
        , wake_(std::move(wake))
        , listen_again_(loop, [this] { loop_.change(listener_.fd(), EPOLLIN); })
        , end_trigger_(loop.add_trigger([this] { end_client(); })) {}

    [[nodiscard]] Outcome<> listen(const PortOptions& options);
    void accept_client();
    void serve_client(std::uint32_t events);
    /// Once both directions are done with.
    void end_client();

    EventLoop& loop_;
    const Wake wake_;
    UnixListener listener_;
    LoopTimer listen_again_;  // running only without a client
    UniqueFd client_;
    bool guest_open_ = false;
    bool input_ended_ = false;  // no more will come from the client
    bool hung_up_ = false;      // the client is gone
    const unsigned end_trigger_;
};

}  // namespace lkvm::vmm
