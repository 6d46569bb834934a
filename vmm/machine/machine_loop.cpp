// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's event loop: signals, typed input, wishes of the guest.
#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "vmm/machine/machine.hpp"
#include "vmm/text.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lkvm::vmm {

namespace {

/// How long a kernel without panic=N may stay silent after its panic message before we say so.
constexpr std::uint64_t panic_patience_ns = 2'000'000'000;

constexpr std::string_view key_help =
    "\r\n"
    "ctrl-a x       end the guest\r\n"
    "ctrl-a b       send a break (magic SysRq)\r\n"
    "ctrl-a ctrl-a  send ctrl-a\r\n"
    "ctrl-a h       this list\r\n";

ExitCode ended_by(int signal_number) {
    return static_cast<ExitCode>(static_cast<int>(ExitCode::signal_base) + signal_number);
}

/// True if the descriptor has something to read (or its end) right now.
bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    return ::poll(&one, 1, 0) > 0 && one.revents != 0;
}

}  // namespace

Outcome<ExitCode> Machine::run() {
    terminal_.make_raw();
    resize_console();
    devices_.start();
    start_vcpus();
    const Outcome<ExitCode> end = serve();
    const auto is = [&](ExitCode code) { return end.has_value() && end.value() == code; };
    const Outcome<> finished =
        finish(is(ExitCode::powered_off) || is(ExitCode::guest_panic) || is(ExitCode::guest_reset));
    Terminal::restore();
    // What went wrong first is the reason for what follows.
    if (end.has_value()) LKVM_CHECK(finished);
    // The vCPUs' last words, for example that the end of a trace could not be written.
    const bool failed = (wishes_.load(std::memory_order_acquire) & wish_failed) != 0;
    if (end.has_value() && failed) return ExitCode::runtime_error;
    return end;
}

Outcome<ExitCode> Machine::serve() {
    while (true) {
        // The RTC looks for due alarms once a second.
        constexpr int second_ms = 1000;
        const std::optional<ExitCode> end = LKVM_CHECK(serve_once(second_ms));
        if (end.has_value()) return *end;
    }
}

Outcome<std::optional<ExitCode>> Machine::serve_once(int timeout_ms) {
    const int input = input_open_ && console_.wants_input() ? STDIN_FILENO : -1;
    const int control = control_ != nullptr ? control_->fd() : -1;
    std::array<pollfd, 4> fds{{{signals_.fd(), POLLIN, 0},
                               {wake_.fd(), POLLIN, 0},
                               {input, POLLIN, 0},
                               {control, POLLIN, 0}}};
    if (::poll(fds.data(), fds.size(), timeout_ms) < 0 && errno != EINTR) {
        return Failure{ExitCode::runtime_error,
                       text("waiting for events failed: ", system_error_text(errno))};
    }
    if (fds[0].revents != 0) {
        if (const auto end = serve_signals()) return end;
    }
    if (fds[2].revents != 0) {
        if (const auto end = read_input()) return end;
    }
    if (fds[1].revents != 0) wake_.clear();
    if (fds[3].revents != 0) control_->serve();
    pump_console();
    platform_.devices().rtc().poll();
    watch_for_panic();
    return grant_wishes();
}

Outcome<std::optional<ExitCode>> Machine::grant_wishes() {
    const unsigned wishes = wishes_.exchange(0, std::memory_order_acquire);
    if ((wishes & wish_failed) != 0) return std::optional{ExitCode::runtime_error};
    if ((wishes & wish_broken) != 0) {
        const int error = console_error_.load(std::memory_order_relaxed);
        if (error != EPIPE) {
            return Failure{ExitCode::runtime_error,
                           text("standard output: ", system_error_text(error))};
        }
        log_.error("the reader of standard output is gone");
        return std::optional{ended_by(SIGPIPE)};
    }
    if ((wishes & wish_stop) != 0) {
        log_.info("ended by lkvm stop");
        return std::optional{ExitCode::killed};
    }
    if ((wishes & wish_power_off) != 0) return std::optional{ExitCode::powered_off};
    if ((wishes & wish_reset) != 0) {
        if (!paused_) return guest_reset();
        // Somebody paused the guest before its reset was served: when it goes on.
        wishes_.fetch_or(wish_reset, std::memory_order_relaxed);
    }
    return std::optional<ExitCode>{};
}

std::optional<ExitCode> Machine::serve_signals() {
    while (const auto notice = signals_.next()) {
        switch (notice->event) {
            case SignalEvent::end:
                return ended_by(notice->number);
            case SignalEvent::stop:
                suspend();
                break;
            case SignalEvent::resume:
                terminal_.make_raw();
                input_open_ = true;
                resize_console();
                break;
            case SignalEvent::resize:
                resize_console();
                break;
        }
    }
    return std::nullopt;
}

std::optional<ExitCode> Machine::ended_by_user() {
    if (const auto end = serve_signals()) return end;
    return input_open_ ? read_input() : std::nullopt;
}

void Machine::pump_console() {
    ConsoleDevice* const console = devices_.console();
    console_.pump(platform_.devices().uart(), console != nullptr ? console->terminal() : nullptr);
}

void Machine::resize_console() {
    winsize size{};
    if (devices_.console() == nullptr) return;
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 &&
        ::ioctl(STDIN_FILENO, TIOCGWINSZ, &size) != 0) {
        return;
    }
    devices_.console()->set_size(size.ws_col, size.ws_row);
}

void Machine::suspend() {
    Terminal::restore();
    ::raise(SIGSTOP);
    // Here again after SIGCONT, which is also waiting as a signal event.
}

std::optional<ExitCode> Machine::read_input() {
    if (!readable(STDIN_FILENO)) return std::nullopt;
    std::array<std::byte, 4096> buffer;
    const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
    if (count <= 0) {
        // The end of a file or pipe, or a terminal that we may not read in the background.
        input_open_ = false;
        return std::nullopt;
    }
    std::span<const std::byte> typed{buffer.data(), static_cast<std::size_t>(count)};
    while (!typed.empty()) {
        if (const auto end = command(console_.type(typed))) return end;
    }
    return std::nullopt;
}

std::optional<ExitCode> Machine::command(KeyCommand key) {
    switch (key) {
        case KeyCommand::none:
            break;
        case KeyCommand::quit:
            log_.info("ended by ctrl-a x");
            return ExitCode::killed;
        case KeyCommand::help: {
            // Not guest output, so not on standard output.
            [[maybe_unused]] const ssize_t written =
                ::write(STDERR_FILENO, key_help.data(), key_help.size());
            break;
        }
        case KeyCommand::send_break:
            if (!platform_.devices().uart().receive_break()) {
                log_.warn("break not sent: the guest does not read its serial port");
            }
            break;
    }
    return std::nullopt;
}

void Machine::watch_for_panic() {
    if (panic_warned_ || !console_.panic_seen()) return;
    // The kernel will reset the machine by itself, which is when the panic counts.
    if (config_.command_line.find("panic=") != std::string::npos) return;
    const std::uint64_t now = clock_.monotonic_ns();
    if (!panic_time_ns_.has_value()) panic_time_ns_ = now;
    if (now - *panic_time_ns_ < panic_patience_ns) return;
    panic_warned_ = true;
    log_.warn(
        "the guest's kernel panicked and stays halted (no panic=N on its command line); "
        "ctrl-a x ends it");
}

}  // namespace lkvm::vmm
