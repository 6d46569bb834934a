// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/text.hpp"

#include <array>
#include <charconv>
#include <system_error>

namespace lkvm::vmm {

void append_text(std::string& to, Hex part) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part.value, 16);
    to += "0x";
    to.append(digits.data(), end.ptr);
}

std::string system_error_text(int number) {
    return std::generic_category().message(number);
}

}  // namespace lkvm::vmm
