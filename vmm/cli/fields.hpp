// SPDX-License-Identifier: GPL-2.0-or-later
// Values of options that are lists: "FILE,name=value,flag".
#pragma once

#include <optional>
#include <string_view>

namespace lkvm::vmm {

/// Cuts the text up to the next comma off the front.
inline std::string_view next_field(std::string_view& rest) {
    const std::size_t end = rest.find(',');
    const std::string_view field = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    return field;
}

/// What follows "name=".
inline std::optional<std::string_view> value_of(std::string_view field, std::string_view name) {
    if (!field.starts_with(name) || field.size() <= name.size() || field[name.size()] != '=') {
        return std::nullopt;
    }
    return field.substr(name.size() + 1);
}

}  // namespace lkvm::vmm
