// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/unix_listener.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "vmm/text.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

const sockaddr* generic(const sockaddr_un& address) {
    // How the socket calls take addresses of every family.
    return reinterpret_cast<const sockaddr*>(&address);
}

/// A name that a program left behind: nobody answers there.
bool stale(const sockaddr_un& address) {
    struct stat about{};
    if (::lstat(address.sun_path, &about) != 0 || !S_ISSOCK(about.st_mode)) return false;
    const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return ::connect(probe.value(), generic(address), sizeof(address)) != 0 &&
           errno == ECONNREFUSED;
}

/// Where a socket is until it listens: next to its path, with a name that nobody else takes.
std::string temporary_path(const std::string& path) {
    static std::atomic<unsigned> count{0};
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
    return text(folder, '.', ::getpid(), '.', count++);
}

/// Gives a listening socket its name unless somebody else has it. 0 or an error number.
int take_name(const std::string& temporary, const sockaddr_un& address) {
    if (stale(address)) ::unlink(address.sun_path);
    // A link, unlike a plain rename, replaces nothing.
    const int error = ::link(temporary.c_str(), address.sun_path) == 0 ? 0 : errno;
    ::unlink(temporary.c_str());
    return error == EEXIST ? EADDRINUSE : error;
}

}  // namespace

bool unix_address(const std::string& path, sockaddr_un& address) {
    address = sockaddr_un{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) return false;
    std::memcpy(address.sun_path, path.data(), path.size());
    return true;
}

Outcome<UnixListener> UnixListener::create(const std::string& path, const std::string& what) {
    const auto refused = [&](std::string_view why) {
        return setup_failure(text(what, ": '", path, "': ", why));
    };
    sockaddr_un address;
    if (!unix_address(path, address)) {
        return refused(
            text("a socket's path has 1 to ", sizeof(address.sun_path) - 1, " characters"));
    }
    UnixListener listener;
    listener.fd_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener.fd_.valid()) return refused(system_error_text(errno));
    // A socket between bind() and listen() looks like one that was left behind.
    const std::string temporary = temporary_path(path);
    sockaddr_un first;
    if (!unix_address(temporary, first)) return refused("the path is too long");
    if (::bind(listener.fd(), generic(first), sizeof(first)) != 0) {
        return refused(system_error_text(errno));
    }
    constexpr int backlog = 128;
    if (::listen(listener.fd(), backlog) != 0) {
        const int error = errno;
        ::unlink(temporary.c_str());
        return refused(system_error_text(error));
    }
    if (const int error = take_name(temporary, address); error != 0) {
        return refused(system_error_text(error));
    }
    listener.path_ = path;
    return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : fd_(std::move(other.fd_))
    , path_(std::exchange(other.path_, {})) {}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(path_, other.path_);
    return *this;
}

UnixListener::~UnixListener() {
    if (!path_.empty()) ::unlink(path_.c_str());
}

UniqueFd UnixListener::accept() const {
    return UniqueFd(::accept4(fd_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace lkvm::vmm
