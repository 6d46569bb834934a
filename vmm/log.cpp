// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/log.hpp"

#include <string>

#include "vmm/text.hpp"

#include <unistd.h>

namespace lkvm::vmm {

namespace {

std::string_view level_name(LogLevel level) {
    switch (level) {
        case LogLevel::error:
            return "error";
        case LogLevel::warn:
            return "warning";
        case LogLevel::info:
            return "info";
        case LogLevel::debug:
            return "debug";
    }
    return "log";
}

}  // namespace

void StderrLog::message(LogLevel level, std::string_view message) {
    if (level > this->level()) return;
    const std::string line = text("lkvm: ", level_name(level), ": ", message, '\n');
    // There is nowhere to report that standard error failed.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void StderrLog::line(LogLevel level, std::string_view device, std::string_view what,
                     std::uint64_t value) {
    if (level > this->level()) return;
    message(level, text(device, ": ", what, " (", Hex{value}, ')'));
}

}  // namespace lkvm::vmm
