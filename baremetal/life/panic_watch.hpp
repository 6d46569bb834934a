// SPDX-License-Identifier: GPL-2.0-or-later
// Finds a Linux panic in console output: the kernel tells nobody else.
#pragma once

#include <array>
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
    /// What the kernel gave as its reason, as much as is kept.
    [[nodiscard]] std::string_view reason() const { return {reason_.data(), reason_size_}; }

private:
    static constexpr std::size_t reason_room = 80;

    void feed(char c) {
        if (c == '\n') {
            line_ended_ = true;
        } else if (c != '\r' && line_ended_) {
            line_ended_ = false;
            end_.forget();
        }
        if (begin_.seen()) note_reason(c);
        begin_.feed(c);
        end_.feed(c);
    }
    /// The first panic's: ": REASON" follows its text, to the end of the line.
    void note_reason(char c) {
        if (c == '\n' || c == '\r') reason_ended_ = true;
        const bool is_separator = reason_size_ == 0 && (c == ':' || c == ' ');
        if (reason_ended_ || is_separator || reason_size_ == reason_room) return;
        // It goes to a console and into JSON.
        reason_[reason_size_++] = c >= ' ' && c <= '~' ? c : '?';
    }

    bool line_ended_ = true;
    bool reason_ended_ = false;
    std::array<char, reason_room> reason_{};
    std::size_t reason_size_ = 0;
    TextWatch begin_{"Kernel panic - not syncing"};
    TextWatch end_{"---[ end Kernel panic"};
};

}  // namespace lkvm::hv
