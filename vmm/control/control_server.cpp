// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/control/control_server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <utility>

#include "vmm/cli/number.hpp"
#include "vmm/control/balloon_text.hpp"
#include "vmm/text.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace lkvm::vmm {

namespace {

constexpr std::size_t longest_request = 256;
/// When there were too many clients, or no descriptors for them.
constexpr std::chrono::milliseconds pause_after_refusal{100};

}  // namespace

struct ControlServer::Client {
    UniqueFd fd;
    std::string received;
};

Outcome<std::unique_ptr<ControlServer>> ControlServer::create(const std::string& path,
                                                              Controllable& machine) {
    UnixListener listener = LKVM_CHECK(UnixListener::create(path, "control socket"));
    return std::unique_ptr<ControlServer>(new ControlServer(std::move(listener), machine));
}

ControlServer::ControlServer(UnixListener listener, Controllable& machine)
    : listener_(std::move(listener))
    , machine_(machine)
    , listen_again_(loop_, [this] { loop_.change(listener_.fd(), EPOLLIN); }) {
    loop_.watch(listener_.fd(), EPOLLIN, [this](std::uint32_t) { accept(); });
}

ControlServer::~ControlServer() {
    for (const ClientPtr& client : clients_) loop_.unwatch(client->fd.value());
    loop_.unwatch(listener_.fd());
}

void ControlServer::accept() {
    const auto client = std::make_shared<Client>();
    client->fd = listener_.accept();
    if (!client->fd.valid() || clients_.size() >= max_clients) {
        // Would be reported over and over: later.
        loop_.change(listener_.fd(), 0);
        listen_again_.start(pause_after_refusal);
        return;
    }
    clients_.insert(client);
    loop_.watch(client->fd.value(), EPOLLIN, [this, client](std::uint32_t) { read(client); });
}

void ControlServer::end(const ClientPtr& client) {
    if (clients_.erase(client) != 0) loop_.unwatch(client->fd.value());
}

void ControlServer::read(const ClientPtr& client) {
    std::array<char, longest_request> bytes;
    const ssize_t count = ::recv(client->fd.value(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end(client);
    client->received.append(bytes.data(), static_cast<std::size_t>(count));
    const std::size_t line_end = client->received.find('\n');
    if (line_end == std::string::npos) {
        if (client->received.size() > longest_request) end(client);
        return;
    }
    const std::string request = client->received.substr(0, line_end);
    // One request each; a hang-up while that is worked on needs no answer.
    loop_.change(client->fd.value(), 0);
    obey(client, request);
}

void ControlServer::obey(const ClientPtr& client, std::string_view request) {
    constexpr std::string_view balloon_request = "balloon ";
    constexpr std::string_view sysrq_request = "sysrq ";
    if (request == "stop") {
        machine_.control_stop();
        return answer(client, "");
    }
    if (request == "pause") {
        machine_.control_pause();
        return answer(client, "");
    }
    if (request == "resume") {
        machine_.control_resume();
        return answer(client, "");
    }
    if (request == "registers") return answer(client, machine_.control_registers());
    if (request.size() == sysrq_request.size() + 1 && request.starts_with(sysrq_request)) {
        if (machine_.control_sysrq(request.back())) return answer(client, "");
        return refuse(client, "it does not read its serial port");
    }
    if (request == "stat") {
        BalloonDevice* const balloon = machine_.control_balloon();
        if (balloon == nullptr) return answer(client, machine_.control_status());
        // The guest is asked, on the balloon's thread, which may take a moment.
        balloon->loop().post([this, client, balloon] {
            balloon->query([this, client](const BalloonState& state) {
                loop_.post([this, client, lines = describe(state)] {
                    answer(client, machine_.control_status() + lines);
                });
            });
        });
        return;
    }
    if (request.starts_with(balloon_request)) {
        return this->balloon(client, request.substr(balloon_request.size()));
    }
    refuse(client, text("unknown request '", request, "'"));
}

void ControlServer::balloon(const ClientPtr& client, std::string_view size) {
    BalloonDevice* const balloon = machine_.control_balloon();
    if (balloon == nullptr) return refuse(client, "the guest has no balloon (--balloon)");
    const bool more = size.starts_with('+');
    const bool less = size.starts_with('-');
    const Number number = parse_size(size.substr(more || less ? 1 : 0), Unit::mega);
    if (number.error != NumberError::none) {
        return refuse(client, text("'", size, "' is not a size"));
    }
    const std::uint64_t most = machine_.control_memory();
    const std::uint64_t before = balloon->target();
    std::uint64_t target = number.value;
    if (less) target = before - std::min(before, number.value);
    // Subtracted, as the sum may not fit.
    if (more) target = number.value > most - before ? UINT64_MAX : before + number.value;
    if (target >= most) {
        return refuse(client, text("the guest has only ", most >> 20, "M of memory"));
    }
    balloon->set_target(target);
    answer(client, "");
}

void ControlServer::answer(const ClientPtr& client, std::string_view lines) {
    const std::string whole = text("ok\n", lines);
    // A new socket has room for the registers of all vCPUs there can be.
    [[maybe_unused]] const ssize_t sent =
        ::send(client->fd.value(), whole.data(), whole.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    end(client);
}

void ControlServer::refuse(const ClientPtr& client, std::string_view why) {
    const std::string whole = text("error ", why, '\n');
    [[maybe_unused]] const ssize_t sent =
        ::send(client->fd.value(), whole.data(), whole.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    end(client);
}

}  // namespace lkvm::vmm
