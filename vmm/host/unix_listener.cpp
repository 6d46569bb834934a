// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/unix_listener.hpp"

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <sys/file.h>
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

/// The folder of a path, with its slash; empty: where we are.
std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

/// Where a socket is until it listens: next to its path, with a name that nobody else takes.
std::string temporary_path(const std::string& path) {
    static std::atomic<unsigned> count{0};
    return text(folder_of(path), '.', ::getpid(), '.', count++);
}

/// Keeps other processes of ours from removing names in a folder: between the look at a name and
/// its removal it could have become that of somebody who listens.
class FolderLock {
public:
    explicit FolderLock(const std::string& path) {
        const std::string folder = folder_of(path);
        fd_ = UniqueFd(
            ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        // Nobody holds it longer than a few system calls, except to annoy; and a file system may
        // have no locks for folders.
        for (int i = 0; fd_.valid() && i < tries; ++i) {
            if (::flock(fd_.value(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) return;
            std::this_thread::sleep_for(pause);
        }
    }

private:
    static constexpr int tries = 5000;
    static constexpr std::chrono::milliseconds pause{1};

    UniqueFd fd_;  // closing it unlocks
};

/// Gives a listening socket its name unless somebody else has it. 0 or an error number.
int take_name(const std::string& temporary, const sockaddr_un& address) {
    const FolderLock lock(temporary);
    if (stale(address)) ::unlink(address.sun_path);
    // A link, unlike a plain rename, replaces nothing.
    const int error = ::link(temporary.c_str(), address.sun_path) == 0 ? 0 : errno;
    ::unlink(temporary.c_str());
    struct stat about{};
    const bool taken =
        error == EEXIST && ::lstat(address.sun_path, &about) == 0 && S_ISSOCK(about.st_mode);
    return taken ? EADDRINUSE : error;
}

}  // namespace

bool unix_address(const std::string& path, sockaddr_un& address) {
    address = sockaddr_un{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof(address.sun_path)) return false;
    std::memcpy(address.sun_path, path.data(), path.size());
    return true;
}

void remove_stale_socket(const std::string& path) {
    sockaddr_un address;
    if (!unix_address(path, address)) return;
    const FolderLock lock(path);
    if (stale(address)) ::unlink(address.sun_path);
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
    if (path_.empty()) return;
    // Once nobody listens, this removes the name unless somebody else has taken it by then.
    fd_ = {};
    remove_stale_socket(path_);
}

UniqueFd UnixListener::accept() const {
    return UniqueFd(::accept4(fd_.value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
}

}  // namespace lkvm::vmm
