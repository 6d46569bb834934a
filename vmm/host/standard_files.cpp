// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/standard_files.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace lkvm::vmm {

void occupy_standard_files() {
    for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
        if (::fcntl(number, F_GETFD) >= 0 || errno != EBADF) continue;
        // The wrong way round, so that use fails. A new descriptor has the lowest free number.
        const int taken = ::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        if (taken >= 0 && taken != number) ::close(taken);
    }
}

}  // namespace lkvm::vmm
