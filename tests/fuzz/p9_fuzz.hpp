// SPDX-License-Identifier: GPL-2.0-or-later
// The form of p9_fuzz's inputs: a byte (3 modulo 4: read-only), then VirtioMachine's. A host step
// is a message: byte of its type, Le16 length of the body, the body.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lkvm::fuzz {

inline constexpr std::uint64_t p9_request_place = 0x4000;
inline constexpr std::uint64_t p9_reply_place = 0x8000;
inline constexpr std::uint32_t p9_reply_room = 0x2000;
inline constexpr std::size_t p9_most_body = 0x2000;

// In the byte of a host step. 3 modulo 4: little room for the reply.
inline constexpr std::uint8_t p9_any_fid = 0x80;  ///< the first four bytes are as they are

}  // namespace lkvm::fuzz
