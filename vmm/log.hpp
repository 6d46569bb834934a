// SPDX-License-Identifier: GPL-2.0-or-later
// Messages for the user, all on standard error.
#pragma once

#include <atomic>
#include <string_view>

#include <lkvm/log.hpp>

namespace lkvm::vmm {

/// Writes one line per message, each with one system call so that threads do not mix. Any thread.
class StderrLog final : public Log {
public:
    explicit StderrLog(LogLevel level = LogLevel::warn)
        : level_(level) {}

    void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
    [[nodiscard]] LogLevel level() const { return level_.load(std::memory_order_relaxed); }

    /// "lkvm: error: `message`".
    void message(LogLevel level, std::string_view message);
    void error(std::string_view text) { message(LogLevel::error, text); }
    void warn(std::string_view text) { message(LogLevel::warn, text); }
    void info(std::string_view text) { message(LogLevel::info, text); }
    void debug(std::string_view text) { message(LogLevel::debug, text); }

    void line(LogLevel level, std::string_view device, std::string_view what,
              std::uint64_t value) override;

private:
    std::atomic<LogLevel> level_;
};

}  // namespace lkvm::vmm
