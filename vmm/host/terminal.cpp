// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/terminal.hpp"

#include <array>
#include <atomic>
#include <csignal>

#include <termios.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

constexpr int terminal_fd = STDIN_FILENO;
constexpr std::array fatal_signals{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};

/// Settings to go back to; written before `raw` is set and not after.
constinit termios saved{};
constinit std::atomic<bool> raw{false};
static_assert(std::atomic<bool>::is_always_lock_free);

void restore_and_die(int signal_number) {
    Terminal::restore();
    // The handler was reset to the default when it was entered.
    ::raise(signal_number);
}

bool in_foreground() {
    return ::tcgetpgrp(terminal_fd) == ::getpgrp();
}

}  // namespace

Terminal::Terminal() {
    struct sigaction action{};
    action.sa_handler = restore_and_die;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    for (const int number : fatal_signals) {
        struct sigaction old{};
        // Sanitizers have handlers of their own, which say more.
        if (::sigaction(number, nullptr, &old) == 0 && old.sa_handler == SIG_DFL) {
            ::sigaction(number, &action, nullptr);
        }
    }
}

Terminal::~Terminal() {
    restore();
}

void Terminal::make_raw() {
    if (::isatty(terminal_fd) == 0 || !in_foreground()) return;
    termios settings{};
    if (!raw.load()) {
        if (::tcgetattr(terminal_fd, &saved) != 0) return;
        raw.store(true);
    }
    settings = saved;
    settings.c_iflag &= static_cast<tcflag_t>(
        ~(BRKINT | IGNBRK | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON | IXOFF | INPCK));
    settings.c_lflag &= static_cast<tcflag_t>(~(ECHO | ECHONL | ICANON | ISIG | IEXTEN));
    settings.c_cflag &= static_cast<tcflag_t>(~(CSIZE | PARENB));
    settings.c_cflag |= CS8;
    settings.c_cc[VMIN] = 1;
    settings.c_cc[VTIME] = 0;
    ::tcsetattr(terminal_fd, TCSANOW, &settings);
}

void Terminal::restore() {
    if (!raw.exchange(false)) return;
    // From a background process this call would stop us instead; then the shell owns the terminal
    // and its settings.
    if (in_foreground()) ::tcsetattr(terminal_fd, TCSANOW, &saved);
}

}  // namespace lkvm::vmm
