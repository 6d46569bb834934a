// SPDX-License-Identifier: GPL-2.0-or-later
// Bounds-checked little-endian reads from an image of unknown quality.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include <lkvm/endian.hpp>
#include <lkvm/result.hpp>

#include "loongarch/boot/boot_fault.hpp"

namespace lkvm::la {

/// View of a file's bytes. Every offset and length may come from the file itself.
class ImageReader {
public:
    explicit constexpr ImageReader(std::span<const std::byte> bytes)
        : bytes_(bytes) {}

    [[nodiscard]] constexpr std::uint64_t size() const { return bytes_.size(); }

    [[nodiscard]] constexpr bool holds(std::uint64_t offset, std::uint64_t length) const {
        return offset <= size() && length <= size() - offset;
    }

    /// Little-endian integer at `offset`. Error: `truncated`.
    template<std::unsigned_integral T>
    [[nodiscard]] Result<T> read(std::uint64_t offset) const {
        if (!holds(offset, sizeof(T))) {
            return boot_error(ErrorCode::truncated, BootFault::truncated);
        }
        Endian<T, std::endian::little> value;
        std::memcpy(&value, bytes_.data() + offset, sizeof(value));
        return value.value();
    }

    /// Integer at `offset`, or 0 past the end: for recognising formats.
    template<std::unsigned_integral T>
    [[nodiscard]] T peek(std::uint64_t offset) const {
        return read<T>(offset).value_or(T{0});
    }

    /// Bytes [offset, offset + length). Error: `truncated`.
    [[nodiscard]] Result<std::span<const std::byte>> slice(std::uint64_t offset,
                                                           std::uint64_t length) const {
        if (!holds(offset, length)) return boot_error(ErrorCode::truncated, BootFault::truncated);
        return bytes_.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(length));
    }

private:
    std::span<const std::byte> bytes_;
};

}  // namespace lkvm::la
