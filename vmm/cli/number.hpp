// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers of the command line: counts, addresses, sizes with units.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace lkvm::vmm {

/// Powers of 1024, as log2.
enum class Unit : unsigned { byte = 0, kilo = 10, mega = 20, giga = 30, tera = 40, peta = 50 };

enum class NumberError : unsigned char {
    none,
    empty,      ///< no digits
    malformed,  ///< something that is neither digit nor unit
    too_large,  ///< does not fit 64 bits
};

struct Number {
    std::uint64_t value = 0;
    NumberError error = NumberError::none;

    friend constexpr bool operator==(const Number&, const Number&) = default;
};

/// Decimal or, after 0x, hexadecimal digits; the whole text.
[[nodiscard]] Number parse_number(std::string_view text);

/// The same with a unit B K M G T P of either case behind it, `unit` if there is none. In a
/// hexadecimal number B is a digit.
[[nodiscard]] Number parse_size(std::string_view text, Unit unit);

/// One RAM bank of the command line.
struct MemoryRequest {
    std::uint64_t size = 0;                            ///< bytes
    std::optional<std::uint64_t> base = std::nullopt;  ///< bytes

    friend constexpr bool operator==(const MemoryRequest&, const MemoryRequest&) = default;
};

struct ParsedMemory {
    MemoryRequest request;
    NumberError error = NumberError::none;
    bool error_in_address = false;
};

/// SIZE[unit][@ADDR[unit]]. Units default to M, except that a hexadecimal address without a unit
/// counts bytes.
[[nodiscard]] ParsedMemory parse_memory(std::string_view text);

}  // namespace lkvm::vmm
