// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/wake_up.hpp"

#include <cstdint>

#include <sys/eventfd.h>

namespace lkvm::vmm {

WakeUp::WakeUp()
    : fd_(needed_fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))) {}

void WakeUp::signal() {
    const std::uint64_t one = 1;
    // It only fails when the counter is full, and then the sleeper wakes anyway.
    [[maybe_unused]] const ssize_t written = ::write(fd_.value(), &one, sizeof(one));
}

void WakeUp::clear() {
    std::uint64_t count = 0;
    // It fails when there was no signal, which is fine.
    [[maybe_unused]] const ssize_t got = ::read(fd_.value(), &count, sizeof(count));
}

}  // namespace lkvm::vmm
