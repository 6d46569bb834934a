// SPDX-License-Identifier: GPL-2.0-or-later
// A line of text put together without allocation; what does not fit is dropped.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lkvm {

/// Owned by one thread.
template<std::size_t capacity>
class TextBuffer {
public:
    TextBuffer& add(std::string_view text) {
        for (const char c : text) put(c);
        return *this;
    }
    TextBuffer& add_number(std::uint64_t value) { return add_digits(value, 10); }
    TextBuffer& add_hex(std::uint64_t value) { return add("0x").add_digits(value, 16); }
    /// "0x1000-0x1fff"
    TextBuffer& add_range(std::uint64_t first, std::uint64_t last) {
        return add_hex(first).add("-").add_hex(last);
    }

    [[nodiscard]] std::string_view text() const { return {text_.data(), size_}; }
    void clear() { size_ = 0; }

private:
    void put(char c) {
        if (size_ < capacity) text_[size_++] = c;
    }
    TextBuffer& add_digits(std::uint64_t value, unsigned base) {
        std::array<char, 20> digits{};
        std::size_t count = 0;
        do {
            digits[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0);
        while (count != 0) put(digits[--count]);
        return *this;
    }

    std::array<char, capacity> text_{};
    std::size_t size_ = 0;
};

}  // namespace lkvm
