// SPDX-License-Identifier: GPL-2.0-or-later
// Owner of a file descriptor.
#pragma once

#include <cerrno>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace lkvm::vmm {

class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd)
        : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~UniqueFd() {
        if (fd_ >= 0) ::close(fd_);
    }

    [[nodiscard]] int value() const { return fd_; }
    [[nodiscard]] bool valid() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

/// Owns what a system call made that fails only for want of descriptors or memory. Throws
/// std::system_error then, as std::thread does; main() tells it.
[[nodiscard]] inline UniqueFd needed_fd(int fd) {
    if (fd < 0) throw std::system_error(errno, std::generic_category());
    return UniqueFd(fd);
}

}  // namespace lkvm::vmm
