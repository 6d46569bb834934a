// SPDX-License-Identifier: GPL-2.0-or-later
// Lets any thread wake one that polls.
#pragma once

#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

/// An eventfd. signal() may be called by any thread and from signal handlers.
class WakeUp {
public:
    /// As needed_fd().
    WakeUp();

    void signal();
    /// Forgets all signals so far.
    void clear();
    [[nodiscard]] int fd() const { return fd_.value(); }

private:
    UniqueFd fd_;
};

}  // namespace lkvm::vmm
