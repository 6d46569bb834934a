// SPDX-License-Identifier: GPL-2.0-or-later
// What firmware tells the guest about the maker of the machine. DMTF DSP0134 (SMBIOS) §7.
#pragma once

#include <cstddef>
#include <span>

namespace lkvm::la {

/// The structures, without an entry point: firmware makes that.
[[nodiscard]] std::span<const std::byte> smbios_structures();

}  // namespace lkvm::la
