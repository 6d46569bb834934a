// SPDX-License-Identifier: GPL-2.0-or-later
// Signals of the process as events of the main thread.
#pragma once

#include <optional>

#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

enum class SignalEvent : unsigned char { end, stop, resume, resize };

struct SignalNotice {
    SignalEvent event = SignalEvent::end;
    int number = 0;
};

/// Blocks INT, TERM, HUP, QUIT, ALRM, USR1, USR2, XCPU, TSTP, CONT and WINCH in the calling thread
/// and those it makes later, except those that are ignored; ignores PIPE, TTIN, TTOU and XFSZ. Make
/// it before any other thread.
class Signals {
public:
    Signals();

    [[nodiscard]] int fd() const { return fd_.value(); }
    /// The next signal, or nothing.
    [[nodiscard]] std::optional<SignalNotice> next();

private:
    UniqueFd fd_;
};

}  // namespace lkvm::vmm
