// SPDX-License-Identifier: GPL-2.0-or-later
// Both ends of the vsock tests. In the guest:
//   socket_peer listen PORT COUNT           echoes COUNT connections, each to its end
//   socket_peer connect PORT COUNT BYTES    COUNT connections at once, see talk()
//   socket_peer late-listen PORT COUNT      the same, but answers only when all has come
//   socket_peer refused PORT                succeeds if nobody listens there; says why
// On the host, with SOCKET as in --vsock:
//   socket_peer unix-listen SOCKET_PORT COUNT, unix-late-listen SOCKET_PORT COUNT
//   socket_peer unix-connect SOCKET PORT COUNT BYTES
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <linux/vm_sockets.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

std::atomic<int> failures{0};

void complain(const char* what) {
    std::fprintf(stderr, "socket_peer: %s: %s\n", what, std::strerror(errno));
    ++failures;
}

bool send_all(int fd, const char* bytes, std::size_t size) {
    while (size != 0) {
        const ssize_t sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes += sent;
        size -= static_cast<std::size_t>(sent);
    }
    return true;
}

/// Sends back what comes until the other side has no more, then says that there is no more.
void echo(int fd) {
    std::vector<char> buffer(64 * 1024);
    while (true) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got < 0) complain("recv");
        if (got <= 0) break;
        if (!send_all(fd, buffer.data(), static_cast<std::size_t>(got))) {
            complain("send");
            break;
        }
    }
    ::shutdown(fd, SHUT_WR);
    char rest = 0;
    // Until the other side has closed too, so that nothing is lost.
    while (::recv(fd, &rest, 1, 0) > 0) {
    }
    ::close(fd);
}

/// Sends everything back after the other side said that there is no more.
void echo_late(int fd) {
    std::vector<char> bytes;
    std::vector<char> buffer(64 * 1024);
    ssize_t got = 0;
    while ((got = ::recv(fd, buffer.data(), buffer.size(), 0)) > 0) {
        bytes.insert(bytes.end(), buffer.data(), buffer.data() + got);
    }
    if (got < 0) complain("recv");
    if (!send_all(fd, bytes.data(), bytes.size())) complain("send");
    ::shutdown(fd, SHUT_WR);
    char rest = 0;
    while (::recv(fd, &rest, 1, 0) > 0) {
    }
    ::close(fd);
}

char byte_at(std::size_t position, std::uint32_t seed) {
    const std::uint32_t mixed = (static_cast<std::uint32_t>(position) + seed) * 2654435761u;
    return static_cast<char>(mixed >> 24);
}

/// Sends bytes while reading them back, ends its own direction first, and compares.
void talk(int fd, std::size_t size, std::uint32_t seed) {
    std::thread sender([&] {
        std::vector<char> buffer(16 * 1024);
        for (std::size_t done = 0; done < size;) {
            const std::size_t part = std::min(buffer.size(), size - done);
            for (std::size_t i = 0; i < part; ++i) buffer[i] = byte_at(done + i, seed);
            if (!send_all(fd, buffer.data(), part)) return complain("send");
            done += part;
        }
        ::shutdown(fd, SHUT_WR);
    });
    std::vector<char> buffer(16 * 1024);
    std::size_t got = 0;
    bool same = true;
    while (true) {
        const ssize_t count = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (count < 0) complain("recv");
        if (count <= 0) break;
        for (ssize_t i = 0; i < count; ++i) {
            same = same && buffer[static_cast<std::size_t>(i)] ==
                               byte_at(got + static_cast<std::size_t>(i), seed);
        }
        got += static_cast<std::size_t>(count);
    }
    sender.join();
    ::close(fd);
    if (got != size || !same) {
        std::fprintf(stderr, "socket_peer: %zu of %zu bytes came back%s\n", got, size,
                     same ? "" : ", changed");
        ++failures;
    }
}

int open_vsock(unsigned cid, unsigned port, bool listening) {
    const int fd = ::socket(AF_VSOCK, SOCK_STREAM, 0);
    sockaddr_vm address{};
    address.svm_family = AF_VSOCK;
    address.svm_cid = cid;
    address.svm_port = port;
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    // Linux gives up after 2 s, which a busy machine may take.
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof(patience));
    const int done =
        listening ? ::bind(fd, generic, sizeof(address)) : ::connect(fd, generic, sizeof(address));
    if (fd < 0 || done != 0 || (listening && ::listen(fd, 128) != 0)) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

int open_unix(const char* path, bool listening) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
    if (listening) ::unlink(path);
    const int done =
        listening ? ::bind(fd, generic, sizeof(address)) : ::connect(fd, generic, sizeof(address));
    if (done != 0 || (listening && ::listen(fd, 5) != 0)) return -1;
    return fd;
}

/// The stream to a port of the guest.
int connect_through(const char* path, const char* port) {
    const int fd = open_unix(path, false);
    if (fd < 0) return -1;
    const std::string line = std::string("CONNECT ") + port + "\n";
    std::string answer;
    char byte = 0;
    if (!send_all(fd, line.data(), line.size())) return -1;
    while (byte != '\n' && ::recv(fd, &byte, 1, 0) == 1) answer += byte;
    if (answer.rfind("OK ", 0) == 0) return fd;
    ::close(fd);
    errno = ECONNREFUSED;
    return -1;
}

int serve(int listener, int count, void (*talk)(int) = echo) {
    if (listener < 0) {
        complain("listen");
        return 1;
    }
    std::printf("listening\n");
    std::fflush(stdout);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        const int fd = ::accept(listener, nullptr, nullptr);
        if (fd < 0) {
            complain("accept");
            break;
        }
        threads.emplace_back(talk, fd);
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("echoed %zu connections, %d failures\n", threads.size(), failures.load());
    return failures == 0 ? 0 : 1;
}

int talk_all(const std::function<int()>& open, int count, std::size_t size) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&open, size, i] {
            const int fd = open();
            if (fd < 0) return complain("connect");
            talk(fd, size, static_cast<std::uint32_t>(i) * 7919);
        });
    }
    for (std::thread& thread : threads) thread.join();
    std::printf("talked over %d connections, %d failures\n", count, failures.load());
    return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    const auto is = [&](const char* command, int count) {
        return argc == count + 2 && std::strcmp(argv[1], command) == 0;
    };
    const auto number = [&](int which) { return std::atoi(argv[which]); };
    if (is("listen", 2)) {
        return serve(open_vsock(VMADDR_CID_ANY, static_cast<unsigned>(number(2)), true), number(3));
    }
    if (is("late-listen", 2)) {
        return serve(open_vsock(VMADDR_CID_ANY, static_cast<unsigned>(number(2)), true), number(3),
                     echo_late);
    }
    if (is("connect", 3)) {
        return talk_all(
            [&] { return open_vsock(VMADDR_CID_HOST, static_cast<unsigned>(number(2)), false); },
            number(3), static_cast<std::size_t>(number(4)));
    }
    if (is("refused", 1)) {
        const int fd = open_vsock(VMADDR_CID_HOST, static_cast<unsigned>(number(2)), false);
        std::printf("%s\n", fd < 0 ? std::strerror(errno) : "connected");
        return fd < 0 ? 0 : 1;
    }
    if (is("unix-listen", 2)) return serve(open_unix(argv[2], true), number(3));
    if (is("unix-late-listen", 2)) return serve(open_unix(argv[2], true), number(3), echo_late);
    if (is("unix-connect", 4)) {
        return talk_all([&] { return connect_through(argv[2], argv[3]); }, number(4),
                        static_cast<std::size_t>(number(5)));
    }
    std::fprintf(stderr, "socket_peer: see the source for its commands\n");
    return 2;
}
