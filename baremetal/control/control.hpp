// SPDX-License-Identifier: GPL-2.0-or-later
// The control server: one line of text in, one line of JSON out.
//
//   list | stat [NAME] | start NAME | stop NAME | reset NAME | pause NAME | resume NAME | log NAME
//   {"ok":true,...}  or  {"ok":false,"error":"..."}
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/result.hpp>

#include "baremetal/control/managed_zone.hpp"

namespace lkvm::hv {

class LineWriter;

/// The board's zones, for the server.
class ManagedZones {
public:
    [[nodiscard]] virtual std::size_t count() const = 0;
    [[nodiscard]] virtual ManagedZone& zone(std::size_t index) = 0;
    /// JSON members about memory that zones share, without braces.
    virtual void describe_pool(LineWriter& out) = 0;
    /// Called between pieces of a long reply.
    virtual void pause() {}

protected:
    ~ManagedZones() = default;  // never deleted through the interface
};

enum class ControlVerb : std::uint8_t { list, stat, start, stop, reset, pause, resume, log };

struct ControlCommand {
    ControlVerb verb = ControlVerb::list;
    std::string_view zone;  ///< empty: none was named
};

inline constexpr std::size_t max_control_line = 128;
/// A reply is never longer, newline included.
inline constexpr std::size_t max_control_reply = 0x4000;

/// Errors: `invalid_argument` (no such command, or wrong number of words).
[[nodiscard]] Result<ControlCommand> parse_control(std::string_view line);

/// Acts on `line`, which comes from a guest, and writes the reply with its newline into `out` (at
/// least max_control_reply bytes for every reply to fit). Returns its size. Any CPU; callers take
/// turns with `out` themselves.
std::size_t serve_control(ManagedZones& zones, std::string_view line, std::span<char> out);

}  // namespace lkvm::hv
