// SPDX-License-Identifier: GPL-2.0-or-later
// Putting messages together.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace lkvm::vmm {

/// A number printed as 0x....
struct Hex {
    std::uint64_t value = 0;
};

inline void append_text(std::string& to, std::string_view part) {
    to += part;
}
inline void append_text(std::string& to, char part) {
    to += part;
}
inline void append_text(std::string& to, std::integral auto part) {
    to += std::to_string(part);
}
void append_text(std::string& to, Hex part);

/// All parts one after the other.
template<class... Parts>
[[nodiscard]] std::string text(const Parts&... parts) {
    std::string result;
    (append_text(result, parts), ...);
    return result;
}

/// The message of a system error number, without a trailing full stop.
[[nodiscard]] std::string system_error_text(int number);

}  // namespace lkvm::vmm
