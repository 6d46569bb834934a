// SPDX-License-Identifier: GPL-2.0-or-later
// Logging contract of the core. The program decides where lines go (never standard output).
#pragma once

#include <cstdint>
#include <string_view>

namespace lkvm {

enum class LogLevel : std::uint8_t { error, warn, info, debug };

/// One line: "`device`: `what` (0x`value`)". Any thread.
class Log {
public:
    virtual void line(LogLevel level, std::string_view device, std::string_view what,
                      std::uint64_t value) = 0;

protected:
    ~Log() = default;  // never deleted through the interface, so no operator delete in the core
};

/// Lets through the first `burst` lines of something a guest can repeat, counts the rest.
class LogLimiter {
public:
    explicit constexpr LogLimiter(std::uint32_t burst = 8)
        : left_(burst) {}

    [[nodiscard]] bool allow() {
        if (left_ == 0) {
            ++suppressed_;
            return false;
        }
        --left_;
        return true;
    }
    [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }

private:
    std::uint32_t left_;
    std::uint64_t suppressed_ = 0;
};

}  // namespace lkvm
