// SPDX-License-Identifier: GPL-2.0-or-later
// Exception codes as they stand in ESTAT. LA Vol.1 §7.4.5 (table of exception codes).
#pragma once

#include <cstdint>

namespace lkvm::la {

/// Ecode in bits 5:0, EsubCode in bits 14:6. tlb_refill and merr have vectors of their own and no
/// Ecode; their values here lie outside the field.
enum class Exception : std::uint16_t {
    INT = 0x00,
    PIL = 0x01,
    PIS = 0x02,
    PIF = 0x03,
    PME = 0x04,
    PNR = 0x05,
    PNX = 0x06,
    PPI = 0x07,
    ADEF = 0x08,
    ADEM = 0x08 | (1 << 6),
    ALE = 0x09,
    BCE = 0x0a,
    SYS = 0x0b,
    BRK = 0x0c,
    INE = 0x0d,
    IPE = 0x0e,
    FPD = 0x0f,
    SXD = 0x10,
    ASXD = 0x11,
    FPE = 0x12,
    VFPE = 0x12 | (1 << 6),
    WPEF = 0x13,
    WPEM = 0x13 | (1 << 6),
    BTD = 0x14,
    BTE = 0x15,
    GSPR = 0x16,
    HVC = 0x17,
    GCSC = 0x18,
    GCHC = 0x18 | (1 << 6),
    TLBR = 0x8000,
};

[[nodiscard]] constexpr std::uint32_t ecode(Exception exception) {
    return static_cast<std::uint32_t>(exception) & 0x3f;
}
[[nodiscard]] constexpr std::uint32_t esubcode(Exception exception) {
    return (static_cast<std::uint32_t>(exception) >> 6) & 0x1ff;
}

}  // namespace lkvm::la
