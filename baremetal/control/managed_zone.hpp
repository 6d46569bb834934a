// SPDX-License-Identifier: GPL-2.0-or-later
// What the control server knows of a zone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/result.hpp>

#include "baremetal/life/exits.hpp"
#include "baremetal/life/lifecycle.hpp"

namespace lkvm::hv {

enum class ZoneRequest : std::uint8_t { start, stop, reset, pause, resume };

/// Any CPU.
class ManagedZone {
public:
    [[nodiscard]] virtual std::string_view name() const = 0;
    [[nodiscard]] virtual ZoneState state() const = 0;
    [[nodiscard]] virtual unsigned cpu_count() const = 0;
    [[nodiscard]] virtual std::uint64_t memory_bytes() const = 0;
    /// Why it is in its state, for people; may be empty.
    [[nodiscard]] virtual std::string_view reason() const = 0;
    [[nodiscard]] virtual std::uint64_t uptime_ns() = 0;
    [[nodiscard]] virtual unsigned starts() const = 0;
    [[nodiscard]] virtual ExitTotals exits() const = 0;
    virtual std::size_t copy_log(std::span<char> out) = 0;
    /// Asks for a change; it happens soon. Errors: `busy` (the zone's state does not allow it).
    [[nodiscard]] virtual Result<> request(ZoneRequest request) = 0;

protected:
    ~ManagedZone() = default;  // never deleted through the interface
};

}  // namespace lkvm::hv
