// SPDX-License-Identifier: GPL-2.0-or-later
// The lkvm program.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <system_error>
#include <variant>

#include <lkvm/assert.hpp>
#include <lkvm/spin_lock.hpp>

#include "vmm/cli/command_line.hpp"
#include "vmm/cli/run_command.hpp"
#include "vmm/exit_code.hpp"
#include "vmm/host/standard_files.hpp"
#include "vmm/host/terminal.hpp"
#include "vmm/log.hpp"
#include "vmm/outcome.hpp"
#include "vmm/text.hpp"

#include <sched.h>

void lkvm::panic(const char* what, const char* file, int line) noexcept {
    vmm::Terminal::restore();
    std::fprintf(stderr, "lkvm: internal error: %s:%d: %s\n", file, line, what);
    std::abort();
}

namespace {

using lkvm::vmm::ExitCode;

ExitCode report(lkvm::vmm::StderrLog& log, const lkvm::vmm::Failure& failure) {
    lkvm::vmm::Terminal::restore();
    log.error(failure.message);
    return failure.code;
}

ExitCode print(lkvm::vmm::StderrLog& log, const std::string& text) {
    if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) {
        return ExitCode::powered_off;
    }
    const std::string why = lkvm::vmm::system_error_text(errno);
    return report(log, lkvm::vmm::setup_failure("standard output: " + why));
}

ExitCode run_program(std::span<const char* const> arguments, lkvm::vmm::StderrLog& log) {
    const auto command = lkvm::vmm::parse_command_line(arguments);
    if (!command.has_value()) return report(log, command.failure());
    if (const auto* to_print = std::get_if<lkvm::vmm::PrintText>(&command.value())) {
        return print(log, to_print->text);
    }
    if (const auto* controlling = std::get_if<lkvm::vmm::ControlCommand>(&command.value())) {
        const auto answer = lkvm::vmm::control(*controlling);
        return answer.has_value() ? print(log, answer.value()) : report(log, answer.failure());
    }
    if (const auto* packing = std::get_if<lkvm::vmm::PackCommand>(&command.value())) {
        const auto done = lkvm::vmm::pack(*packing, log);
        return done.has_value() ? print(log, done.value()) : report(log, done.failure());
    }
    const auto& run = std::get<lkvm::vmm::RunCommand>(command.value());
    log.set_level(run.log_level);
    const auto end = lkvm::vmm::run_machine(run.machine, log);
    return end.has_value() ? end.value() : report(log, end.failure());
}

}  // namespace

int main(int argc, char** argv) {
    lkvm::vmm::occupy_standard_files();
    lkvm::vmm::StderrLog log(lkvm::LogLevel::info);
    // A lock holder may have lost its CPU: let it have ours.
    lkvm::spin_wait_hook.store([](unsigned turn) {
        if (turn != 0) static_cast<void>(::sched_yield());
    });
    ExitCode code = ExitCode::runtime_error;
    try {
        code = run_program({argv, static_cast<std::size_t>(argc)}, log);
    } catch (const std::bad_alloc&) {
        lkvm::vmm::Terminal::restore();
        log.error("the host is out of memory");
    } catch (const std::system_error& error) {
        // Before the guest runs.
        lkvm::vmm::Terminal::restore();
        log.error(lkvm::vmm::text("the host gives lkvm no more threads or open files: ",
                                  lkvm::vmm::system_error_text(error.code().value())));
        code = ExitCode::setup_error;
    } catch (const std::exception& error) {
        lkvm::vmm::Terminal::restore();
        log.error(lkvm::vmm::text("unexpected: ", error.what()));
    }
    // Threads may be left behind that wait for the host (Machine::leave_behind()): nothing that
    // they use is taken from under them.
    if (code == ExitCode::runtime_error) std::_Exit(static_cast<int>(code));
    return static_cast<int>(code);
}
