// SPDX-License-Identifier: GPL-2.0-or-later
// The ChaCha20 block function. RFC 8439 §2.3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lkvm::hv {

using ChaChaKey = std::array<std::uint32_t, 8>;
using ChaChaBlock = std::array<std::uint32_t, 16>;

[[nodiscard]] ChaChaBlock chacha20_block(const ChaChaKey& key, std::uint32_t counter,
                                         const std::array<std::uint32_t, 3>& nonce);

}  // namespace lkvm::hv
