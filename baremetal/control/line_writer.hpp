// SPDX-License-Identifier: GPL-2.0-or-later
// Text and JSON into a buffer of fixed size.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace lkvm::hv {

/// What does not fit is dropped and makes `complete()` false. Owned by one CPU.
class LineWriter {
public:
    explicit LineWriter(std::span<char> buffer)
        : buffer_(buffer) {}

    LineWriter& add(char c) {
        if (size_ == buffer_.size()) {
            complete_ = false;
        } else {
            buffer_[size_++] = c;
        }
        return *this;
    }
    LineWriter& add(std::string_view text) {
        for (const char c : text) add(c);
        return *this;
    }
    LineWriter& number(std::uint64_t value) { return digits(value, 10); }
    LineWriter& hex(std::uint64_t value) { return add("0x").digits(value, 16); }

    /// A JSON string. Bytes that are not printable ASCII are taken for Latin-1.
    LineWriter& quoted(std::string_view text) {
        add('"');
        for (const char c : text) escaped(c);
        return add('"');
    }
    LineWriter& key(std::string_view name) { return quoted(name).add(':'); }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t room() const { return buffer_.size() - size_; }
    [[nodiscard]] bool complete() const { return complete_; }
    [[nodiscard]] std::string_view text() const { return {buffer_.data(), size_}; }

    /// Bytes of `c` inside a JSON string.
    [[nodiscard]] static std::size_t escaped_size(char c) {
        if (c == '"' || c == '\\' || c == '\n') return 2;
        return c >= ' ' && c <= '~' ? 1 : 6;
    }

private:
    void escaped(char c) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            add('\\').add(c);
        } else if (c == '\n') {
            add("\\n");
        } else if (c >= ' ' && c <= '~') {
            add(c);
        } else {
            constexpr std::string_view hex_digits = "0123456789abcdef";
            add("\\u00").add(hex_digits[byte >> 4]).add(hex_digits[byte & 15]);
        }
    }
    LineWriter& digits(std::uint64_t value, unsigned base) {
        std::array<char, 20> text{};
        std::size_t count = 0;
        do {
            text[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        while (count != 0) add(text[--count]);
        return *this;
    }

    std::span<char> buffer_;
    std::size_t size_ = 0;
    bool complete_ = true;
};

}  // namespace lkvm::hv
