// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/devices/balloon_debug.hpp"

#include <array>
#include <cerrno>
#include <utility>

#include "vmm/cli/number.hpp"
#include "vmm/text.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

namespace lkvm::vmm {

namespace {

constexpr std::size_t longest_line = 256;

constexpr std::array<std::string_view, virtio::balloon::statistic_count> statistic_names{
    "swap-in",        "swap-out",          "major-faults", "minor-faults",        "free",
    "total",          "available",         "disk-caches",  "hugetlb-allocations", "hugetlb-fails",
    "oom-kills",      "allocation-stalls", "async-scans",  "direct-scans",        "async-reclaims",
    "direct-reclaims"};

std::string describe(const BalloonState& state) {
    std::string lines =
        text("target ", state.target_bytes, "\nactual ", state.actual_bytes, "\ninflated ",
             state.inflated_bytes, "\nreported ", state.reported_bytes, '\n');
    for (std::size_t i = 0; i < state.guest.size(); ++i) {
        if (state.guest[i].has_value()) {
            lines += text(statistic_names[i], ' ', *state.guest[i], '\n');
        }
    }
    return lines + '\n';
}

}  // namespace

struct BalloonDebug::Client {
    UniqueFd fd;
    std::string received;

    void say(std::string_view answer) const {
        // A client that does not read its few lines does without.
        [[maybe_unused]] const ssize_t sent =
            ::send(fd.value(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
};

Outcome<std::unique_ptr<BalloonDebug>> BalloonDebug::create(const std::string& path,
                                                            BalloonDevice& balloon) {
    UnixListener listener = LKVM_CHECK(UnixListener::create(path, "--debug-balloon"));
    std::unique_ptr<BalloonDebug> debug(new BalloonDebug(std::move(listener), balloon));
    balloon.loop().watch(debug->listener_.fd(), EPOLLIN,
                         [&debug = *debug](std::uint32_t) { debug.accept(); });
    return debug;
}

BalloonDebug::~BalloonDebug() {
    balloon_.loop().unwatch(listener_.fd());
}

void BalloonDebug::accept() {
    const auto client = std::make_shared<Client>();
    client->fd = listener_.accept();
    if (!client->fd.valid()) return;
    balloon_.loop().watch(client->fd.value(), EPOLLIN,
                          [this, client](std::uint32_t) { serve(client); });
}

void BalloonDebug::serve(const std::shared_ptr<Client>& client) {
    std::array<char, longest_line> bytes;
    const ssize_t count = ::recv(client->fd.value(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0 || client->received.size() > longest_line) {
        balloon_.loop().unwatch(client->fd.value());
        return;
    }
    client->received.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t end = 0;
    while ((end = client->received.find('\n')) != std::string::npos) {
        command(client, std::string_view(client->received).substr(0, end));
        client->received.erase(0, end + 1);
    }
}

void BalloonDebug::command(const std::shared_ptr<Client>& client, std::string_view line) {
    constexpr std::string_view target = "target ";
    if (line == "stats") {
        return balloon_.query(
            [client](const BalloonState& state) { client->say(describe(state)); });
    }
    if (!line.starts_with(target)) return client->say("error unknown command\n\n");
    const Number size = parse_size(line.substr(target.size()), Unit::mega);
    if (size.error != NumberError::none) return client->say("error bad size\n\n");
    balloon_.set_target(size.value);
    client->say("\n");
}

}  // namespace lkvm::vmm
