// SPDX-License-Identifier: GPL-2.0-or-later
// Layout of the IOCSR registers that act on another CPU: IPI_SEND, MAIL_SEND and ANY_SEND.
// Loongson 3A5000 manual §10.
#pragma once

#include <cstdint>

namespace lkvm::la::send {

/// Target CPU, bits 25:16 of all three.
[[nodiscard]] constexpr unsigned target(std::uint64_t value) {
    return static_cast<unsigned>(value >> 16) & 0x3ff;
}
/// IPI_SEND: number of the status bit to set, bits 4:0.
[[nodiscard]] constexpr unsigned vector(std::uint64_t value) {
    return static_cast<unsigned>(value) & 0x1f;
}
/// MAIL_SEND: 32-bit mailbox word, bits 4:2.
[[nodiscard]] constexpr unsigned mail_word(std::uint64_t value) {
    return static_cast<unsigned>(value >> 2) & 0x7;
}
/// ANY_SEND: IOCSR address, bits 15:0.
[[nodiscard]] constexpr std::uint32_t address(std::uint64_t value) {
    return static_cast<std::uint32_t>(value) & 0xffff;
}
/// MAIL_SEND and ANY_SEND: bits 30:27, a set bit leaves that byte as it was.
[[nodiscard]] constexpr unsigned keep_bytes(std::uint64_t value) {
    return static_cast<unsigned>(value >> 27) & 0xf;
}
/// MAIL_SEND and ANY_SEND: bits 63:32.
[[nodiscard]] constexpr std::uint32_t data(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

}  // namespace lkvm::la::send
