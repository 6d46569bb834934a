// SPDX-License-Identifier: GPL-2.0-or-later
// Finds a Linux panic in console output: the kernel tells nobody else.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lkvm::hv {

/// Looks for one text in a stream that comes in pieces.
class TextWatch {
public:
    explicit constexpr TextWatch(std::string_view text)
        : text_(text) {}

    void feed(char c) {
        // The longest start of the text that ends with `c`.
        while (matched_ > 0 && text_[matched_] != c) matched_ = shorter(matched_);
        if (text_[matched_] == c) ++matched_;
        if (matched_ < text_.size()) return;
        seen_ = true;
        matched_ = 0;
    }
    [[nodiscard]] bool seen() const { return seen_; }
    void forget() { seen_ = false; }

private:
    /// The next shorter start of the text that is also an end of its first `length` characters.
    [[nodiscard]] std::size_t shorter(std::size_t length) const {
        std::size_t size = length - 1;
        while (size > 0 && !repeats(length - size, size)) --size;
        return size;
    }
    /// Whether `size` characters at `from` are those at the start.
    [[nodiscard]] bool repeats(std::size_t from, std::size_t size) const {
        for (std::size_t i = 0; i < size; ++i) {
            if (text_[i] != text_[from + i]) return false;
        }
        return true;
    }

    std::string_view text_;
    std::size_t matched_ = 0;
    bool seen_ = false;
};

/// Used under the lock of the console that it watches.
class PanicWatch {
public:
    void feed(std::span<const std::byte> bytes) {
        for (const std::byte byte : bytes) feed(static_cast<char>(byte));
    }
    /// The kernel has begun to panic; a reset that follows is no reboot.
    [[nodiscard]] bool panicked() const { return begin_.seen(); }
    /// The last line says that the kernel has panicked. It has if it also does nothing any more;
    /// else somebody shows a log.
    [[nodiscard]] bool over() const { return end_.seen(); }

private:
    void feed(char c) {
        if (c == '\n') {
            line_ended_ = true;
        } else if (c != '\r' && line_ended_) {
            line_ended_ = false;
            end_.forget();
        }
        begin_.feed(c);
        end_.feed(c);
    }

    bool line_ended_ = true;
    TextWatch begin_{"Kernel panic - not syncing"};
    TextWatch end_{"---[ end Kernel panic"};
};

}  // namespace lkvm::hv
