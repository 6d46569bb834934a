// SPDX-License-Identifier: GPL-2.0-or-later
// EFI runtime services for a kernel that knows its clock only through them. UEFI 2.10 §8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/gpa.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/result.hpp>

namespace lkvm::la {

/// Services of the EFI_RT_PROPERTIES_TABLE that work: GetTime and SetTime.
inline constexpr std::uint32_t runtime_services_supported = 0x3;

/// Entry points, as byte offsets in runtime_code().
namespace runtime_entry {
inline constexpr std::uint64_t get_time = 0;
inline constexpr std::uint64_t set_time = 0x80;
inline constexpr std::uint64_t reset_system = 0x100;
inline constexpr std::uint64_t unsupported = 0x140;
}  // namespace runtime_entry

/// Guest code of the services, position independent. It drives the RTC and the power device
/// through the uncached direct-mapped window that Linux sets up, at privilege level 0, touches no
/// callee-saved register and needs no stack.
[[nodiscard]] std::span<const std::byte> runtime_code();

/// Writes the services' table to `where` and the code behind it. Pointers in the table are
/// addresses in Linux's cached window, as it uses them before any mapping is agreed. Returns the
/// address for the system table, in that window too. Errors: `out_of_range`.
[[nodiscard]] Result<std::uint64_t> write_runtime_services(const GuestMemory& memory, Gpa where);

}  // namespace lkvm::la
