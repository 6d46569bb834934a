// SPDX-License-Identifier: GPL-2.0-or-later
// The guest timer of a vCPU that does not run: what is left of it, and how it goes on. LA Vol.1
// §7.6. While the vCPU runs, exits included, the timer stays in the hardware and nobody touches it.
#pragma once

#include <cstdint>
#include <optional>

namespace lkvm::hv {

/// The guest's TCFG and TVAL, and ESTAT.IS.TI.
struct GuestTimer {
    std::uint64_t config = 0;
    std::uint64_t value = 0;
    bool pending = false;

    friend constexpr bool operator==(const GuestTimer&, const GuestTimer&) = default;
};

/// What TVAL of a one-shot timer is given after it has fired: counting down from there takes days.
inline constexpr std::uint64_t timer_fired = 0xffff'ffff'fffc;

/// The registers `elapsed` ticks after `saved` was read. Expired one-shot: pending and fired, once.
/// Periodic: pending, however often it fired, and in step with its period. A tick that the guest
/// had already acknowledged does not come again.
[[nodiscard]] GuestTimer timer_after(const GuestTimer& saved, std::uint64_t elapsed);

/// Ticks until it fires next; nothing if it will not.
[[nodiscard]] std::optional<std::uint64_t> ticks_to_expiry(const GuestTimer& timer);

}  // namespace lkvm::hv
