// SPDX-License-Identifier: GPL-2.0-or-later
// Linux' error numbers as a LoongArch guest knows them, as far as the protocol itself needs them.
#pragma once

#include <cstdint>

namespace lkvm::virtio::p9::error_number {

// Not spelled as in Linux, as those names are macros of <cerrno>.
inline constexpr std::uint32_t invalid_argument = 22;  // EINVAL
inline constexpr std::uint32_t name_too_long = 36;     // ENAMETOOLONG
inline constexpr std::uint32_t protocol_error = 71;    // EPROTO
inline constexpr std::uint32_t message_too_long = 90;  // EMSGSIZE
inline constexpr std::uint32_t not_supported = 95;     // EOPNOTSUPP

}  // namespace lkvm::virtio::p9::error_number
