// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/number.hpp"

#include <charconv>
#include <system_error>

namespace lkvm::vmm {

namespace {

bool is_hexadecimal(std::string_view text) {
    return text.starts_with("0x") || text.starts_with("0X");
}

/// Digits at the start of `text`, which is left with the rest.
Number take_digits(std::string_view& text) {
    int base = 10;
    if (is_hexadecimal(text)) {
        base = 16;
        text.remove_prefix(2);
    }
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (code == std::errc::result_out_of_range) return {0, NumberError::too_large};
    if (code != std::errc{}) {
        return {0, text.empty() ? NumberError::empty : NumberError::malformed};
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return {value, NumberError::none};
}

std::optional<Unit> unit_of(char letter) {
    switch (letter) {
        case 'b':
        case 'B':
            return Unit::byte;
        case 'k':
        case 'K':
            return Unit::kilo;
        case 'm':
        case 'M':
            return Unit::mega;
        case 'g':
        case 'G':
            return Unit::giga;
        case 't':
        case 'T':
            return Unit::tera;
        case 'p':
        case 'P':
            return Unit::peta;
        default:
            return std::nullopt;
    }
}

}  // namespace

Number parse_number(std::string_view text) {
    const Number number = take_digits(text);
    if (number.error == NumberError::none && !text.empty()) return {0, NumberError::malformed};
    return number;
}

Number parse_size(std::string_view text, Unit unit) {
    const Number number = take_digits(text);
    if (number.error != NumberError::none) return number;
    if (!text.empty()) {
        const std::optional<Unit> named = unit_of(text.front());
        if (!named.has_value() || text.size() > 1) return {0, NumberError::malformed};
        unit = *named;
    }
    const auto shift = static_cast<unsigned>(unit);
    if (number.value > (UINT64_MAX >> shift)) return {0, NumberError::too_large};
    return {number.value << shift, NumberError::none};
}

ParsedMemory parse_memory(std::string_view text) {
    ParsedMemory parsed;
    const std::size_t at = text.find('@');
    const Number size = parse_size(text.substr(0, at), Unit::mega);
    parsed.error = size.error;
    parsed.request.size = size.value;
    if (size.error != NumberError::none || at == std::string_view::npos) return parsed;
    const std::string_view address = text.substr(at + 1);
    const Number base = parse_size(address, is_hexadecimal(address) ? Unit::byte : Unit::mega);
    parsed.error = base.error;
    parsed.error_in_address = base.error != NumberError::none;
    parsed.request.base = base.value;
    return parsed;
}

}  // namespace lkvm::vmm
