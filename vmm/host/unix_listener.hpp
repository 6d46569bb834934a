// SPDX-License-Identifier: GPL-2.0-or-later
// A unix socket with a name that programs of the host connect to.
#pragma once

#include <string>

#include "vmm/host/unique_fd.hpp"
#include "vmm/outcome.hpp"

#include <sys/un.h>

namespace lkvm::vmm {

/// Fills in the address; false if the path is empty or too long for one.
[[nodiscard]] bool unix_address(const std::string& path, sockaddr_un& address);

/// Removes the name of a socket that nobody listens on any more, if it is one.
void remove_stale_socket(const std::string& path);

/// Owns the descriptor and the name, which goes with it.
class UnixListener {
public:
    /// Binds the path, replacing a socket that nobody listens on any more; clients get no rights
    /// beyond those of the directory and the user. Failures start with `what`.
    [[nodiscard]] static Outcome<UnixListener> create(const std::string& path,
                                                      const std::string& what);
    UnixListener() = default;
    UnixListener(UnixListener&& other) noexcept;
    UnixListener& operator=(UnixListener&& other) noexcept;
    ~UnixListener();

    [[nodiscard]] int fd() const { return fd_.value(); }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// The next client, non-blocking; not valid if there is none. `errno` as by accept4().
    [[nodiscard]] UniqueFd accept() const;

private:
    UniqueFd fd_;
    std::string path_;  // empty: nothing to remove
};

}  // namespace lkvm::vmm
