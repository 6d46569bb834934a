// SPDX-License-Identifier: GPL-2.0-or-later
// Layout of the IOCSR registers that act on another CPU: IPI_SEND, MAIL_SEND and ANY_SEND.
// Loongson 3A5000 manual §10.
#pragma once

#include <cstdint>

#include <lkvm/field.hpp>

namespace lkvm::la::send {

using Target = Field<16, 10, unsigned>;       ///< CPU, in all three
using Vector = Field<0, 5, unsigned>;         ///< IPI_SEND: status bit to set
using MailWord = Field<2, 3, unsigned>;       ///< MAIL_SEND: which 32 bits of the mailboxes
using Address = Field<0, 16, std::uint32_t>;  ///< ANY_SEND: IOCSR address
using KeepBytes = Field<27, 4, unsigned>;     ///< MAIL_SEND, ANY_SEND: 1 leaves that byte as it was
using Data = Field<32, 32, std::uint32_t>;    ///< MAIL_SEND, ANY_SEND

}  // namespace lkvm::la::send
