// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/host/signals.hpp"

#include <csignal>

#include <sys/signalfd.h>

namespace lkvm::vmm {

namespace {

/// As nohup(1) and shells leave signals for those that are not to be ended by them.
bool ignored(int number) {
    struct sigaction action{};
    return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals() {
    sigset_t set;
    ::sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU,
                             SIGTSTP, SIGCONT, SIGWINCH}) {
        // A blocked signal is waiting even if it would be ignored.
        if (!ignored(number)) ::sigaddset(&set, number);
    }
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    for (const int number : {SIGPIPE, SIGTTIN, SIGTTOU, SIGXFSZ}) ::signal(number, SIG_IGN);
    fd_ = needed_fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::optional<SignalNotice> Signals::next() {
    signalfd_siginfo info{};
    if (::read(fd_.value(), &info, sizeof(info)) != sizeof(info)) return std::nullopt;
    const int number = static_cast<int>(info.ssi_signo);
    if (number == SIGTSTP) return SignalNotice{SignalEvent::stop, number};
    if (number == SIGWINCH) return SignalNotice{SignalEvent::resize, number};
    if (number == SIGCONT) return SignalNotice{SignalEvent::resume, number};
    return SignalNotice{SignalEvent::end, number};
}

}  // namespace lkvm::vmm
