// SPDX-License-Identifier: GPL-2.0-or-later
// The last bytes that a zone wrote to its consoles, and what the hypervisor said about it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// Any CPU. Writing overwrites the oldest.
class LogRing {
public:
    static constexpr std::size_t capacity = 0x4000;

    void write(std::span<const std::byte> bytes) {
        const SpinGuard guard{lock_};
        for (const std::byte byte : bytes) ring_[written_++ % capacity] = static_cast<char>(byte);
    }
    void write(std::string_view text) { write(std::as_bytes(std::span{text.data(), text.size()})); }

    /// Copies the last bytes, as many as there are and fit; returns how many.
    std::size_t copy(std::span<char> out) {
        const SpinGuard guard{lock_};
        std::size_t size = written_ < capacity ? written_ : capacity;
        if (size > out.size()) size = out.size();
        const std::size_t from = (written_ - size) % capacity;
        const std::size_t to_end = size < capacity - from ? size : capacity - from;
        __builtin_memcpy(out.data(), ring_.data() + from, to_end);
        __builtin_memcpy(out.data() + to_end, ring_.data(), size - to_end);
        return size;
    }

private:
    SpinLock lock_;
    std::array<char, capacity> ring_{};
    std::size_t written_ = 0;
};

}  // namespace lkvm::hv
