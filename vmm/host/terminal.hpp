// SPDX-License-Identifier: GPL-2.0-or-later
// The user's terminal: raw while a guest owns it, as it was on every way out.
#pragma once

namespace lkvm::vmm {

/// Raw mode of the terminal on standard input. One object per process, on the main thread. Its
/// life is the time the terminal may be raw; it also restores it when a fatal signal or abort()
/// ends the process. Without a terminal, or in the background, it does nothing.
class Terminal {
public:
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Input unbuffered and unchanged, signals off, output processing left on. May be called
    /// again, e.g. after the process was stopped and continued.
    void make_raw();
    /// As before make_raw(). Safe in signal handlers.
    static void restore();
};

}  // namespace lkvm::vmm
