// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/control/control_client.hpp"

#include <array>
#include <cerrno>

#include "vmm/control/control_folder.hpp"
#include "vmm/host/unique_fd.hpp"
#include "vmm/host/unix_listener.hpp"
#include "vmm/text.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// A guest is asked for its statistics within a second, and pauses at the next instruction.
constexpr timeval patience{10, 0};

UniqueFd connect_to(const std::string& path) {
    sockaddr_un address;
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid() || !unix_address(path, address)) return {};
    ::setsockopt(fd.value(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ::setsockopt(fd.value(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    // How the socket calls take addresses of every family.
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (::connect(fd.value(), generic, sizeof(address)) != 0) return {};
    return fd;
}

}  // namespace

bool guest_runs(const std::string& name) {
    const std::string path = control_path(name);
    errno = 0;
    if (connect_to(path).valid()) return true;
    if (errno == ECONNREFUSED) remove_stale_socket(path);
    return false;
}

Outcome<std::string> ask_guest(const std::string& name, std::string_view request) {
    const auto refused = [&](std::string_view why) {
        return setup_failure(text("guest '", name, "': ", why));
    };
    const std::string path = control_path(name);
    const UniqueFd fd = connect_to(path);
    if (!fd.valid()) return refused("no guest of this name runs (see 'lkvm list')");
    const std::string line = text(request, '\n');
    if (::send(fd.value(), line.data(), line.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(line.size())) {
        return refused("it does not take requests");
    }
    std::string answer;
    std::array<char, 4096> bytes;
    ssize_t count = 0;
    while ((count = ::recv(fd.value(), bytes.data(), bytes.size(), 0)) > 0) {
        answer.append(bytes.data(), static_cast<std::size_t>(count));
    }
    constexpr std::string_view good = "ok\n";
    constexpr std::string_view bad = "error ";
    if (answer.starts_with(good)) return answer.substr(good.size());
    if (!answer.starts_with(bad)) return refused("it does not answer");
    return refused(answer.substr(bad.size(), answer.find('\n') - bad.size()));
}

}  // namespace lkvm::vmm
