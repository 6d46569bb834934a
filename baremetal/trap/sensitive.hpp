// SPDX-License-Identifier: GPL-2.0-or-later
// Privileged instructions that a guest cannot execute itself, from the word that an exit latched.
#pragma once

#include <cstdint>

namespace lkvm::hv {

enum class SensitiveKind : std::uint8_t {
    cpucfg,
    csr,       ///< register that a guest does not have: reads 0
    root_csr,  ///< register of the virtualization extension itself
    cacop,
    iocsr_read,
    iocsr_write,
    idle,
    unknown,  ///< nothing that ends a guest
};

struct Sensitive {
    SensitiveKind kind = SensitiveKind::unknown;
    unsigned rd = 0;
    unsigned rj = 0;
    unsigned size = 0;  ///< iocsr
};

/// Takes any word.
[[nodiscard]] Sensitive decode_sensitive(std::uint32_t word);

}  // namespace lkvm::hv
