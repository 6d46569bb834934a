// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal on every way out, in child processes on a terminal of their own.
#include "vmm/host/terminal.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>

#include "vmm/host/signals.hpp"
#include "vmm/host/unique_fd.hpp"

#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

namespace lkvm::test {
namespace {

/// A child that runs `body` as the session's foreground process on a pseudo-terminal.
class TerminalChild {
public:
    explicit TerminalChild(const std::function<void()>& body) {
        int master = -1;
        int slave = -1;
        EXPECT_EQ(::openpty(&master, &slave, nullptr, nullptr, nullptr), 0);
        master_ = vmm::UniqueFd(master);
        slave_ = vmm::UniqueFd(slave);  // keeps the settings alive and readable
        before_ = settings();
        pid_ = ::fork();
        if (pid_ == 0) {
            ::login_tty(::dup(slave));
            body();
            ::_exit(0);
        }
    }
    ~TerminalChild() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    [[nodiscard]] termios settings() const {
        termios now{};
        EXPECT_EQ(::tcgetattr(slave_.value(), &now), 0);
        return now;
    }
    [[nodiscard]] bool raw() const { return (settings().c_lflag & (ICANON | ECHO | ISIG)) == 0; }
    [[nodiscard]] bool as_before() const {
        const termios now = settings();
        return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
               now.c_oflag == before_.c_oflag && now.c_cflag == before_.c_cflag;
    }
    /// True once `condition` holds; gives up after a minute.
    [[nodiscard]] static bool eventually(const std::function<bool()>& condition) {
        for (int i = 0; i < 6000; ++i) {
            if (condition()) return true;
            ::usleep(10000);
        }
        return false;
    }
    void signal(int number) const { ::kill(pid_, number); }
    /// Status of waitpid(2).
    int wait() {
        int status = 0;
        EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
        pid_ = -1;
        return status;
    }
    [[nodiscard]] bool stopped() const {
        int status = 0;
        return ::waitpid(pid_, &status, WUNTRACED | WNOHANG) == pid_ && WIFSTOPPED(status);
    }

private:
    vmm::UniqueFd master_;
    vmm::UniqueFd slave_;
    termios before_{};
    pid_t pid_ = -1;
};

TEST(Terminal, IsRawWhileItsObjectLives) {
    TerminalChild child([] {
        vmm::Terminal terminal;
        terminal.make_raw();
        ::pause();
    });
    EXPECT_TRUE(TerminalChild::eventually([&] { return child.raw(); }));
    EXPECT_NE(child.settings().c_oflag & OPOST, 0u);
}

TEST(Terminal, IsRestoredByTheDestructor) {
    TerminalChild child([] {
        vmm::Terminal terminal;
        terminal.make_raw();
    });
    child.wait();
    EXPECT_TRUE(child.as_before());
}

TEST(Terminal, IsRestoredBeforeAFatalSignalEndsTheProcess) {
    for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS}) {
        TerminalChild child([number] {
            vmm::Terminal terminal;
            terminal.make_raw();
            ::raise(number);
        });
        const int status = child.wait();
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
        EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number) << number;
        EXPECT_TRUE(child.as_before()) << number;
#else
        (void)status;  // the sanitizer's handlers come first
#endif
    }
}

TEST(Terminal, IsRestoredByAbort) {
    TerminalChild child([] {
        vmm::Terminal terminal;
        terminal.make_raw();
        std::abort();
    });
    EXPECT_TRUE(WIFSIGNALED(child.wait()));
    EXPECT_TRUE(child.as_before());
}

TEST(Terminal, ComesAndGoesWithStopAndContinue) {
    TerminalChild child([] {
        // What the machine's loop does with these events.
        vmm::Signals signals;
        vmm::Terminal terminal;
        terminal.make_raw();
        while (true) {
            ::usleep(1000);
            const auto notice = signals.next();
            if (!notice) continue;
            if (notice->event == vmm::SignalEvent::end) return;
            if (notice->event == vmm::SignalEvent::resume) terminal.make_raw();
            if (notice->event == vmm::SignalEvent::stop) {
                vmm::Terminal::restore();
                ::raise(SIGSTOP);
            }
        }
    });
    ASSERT_TRUE(TerminalChild::eventually([&] { return child.raw(); }));
    child.signal(SIGTSTP);
    ASSERT_TRUE(TerminalChild::eventually([&] { return child.stopped(); }));
    EXPECT_TRUE(child.as_before());
    child.signal(SIGCONT);
    EXPECT_TRUE(TerminalChild::eventually([&] { return child.raw(); }));
    child.signal(SIGTERM);
    EXPECT_EQ(child.wait(), 0);
    EXPECT_TRUE(child.as_before());
}

TEST(Terminal, IsLeftAloneWithoutOne) {
    const pid_t child = ::fork();
    if (child == 0) {
        int ends[2];
        if (::pipe(ends) != 0 || ::dup2(ends[0], STDIN_FILENO) < 0) ::_exit(9);
        vmm::Terminal terminal;
        terminal.make_raw();
        vmm::Terminal::restore();
        ::_exit(0);
    }
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace lkvm::test
