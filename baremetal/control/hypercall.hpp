// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest can ask with hvcl; docs/zones-control.md is the reference.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/guest_memory.hpp>

#include "baremetal/control/control.hpp"

namespace lkvm::hv {

/// `hvcl 0x200`: number in a0, arguments in a1 to a4, answer in a0.
inline constexpr unsigned hypercall_code = 0x200;

enum class Hypercall : std::uint64_t {
    version = 0,        ///< -> hypercall_version
    console_write = 1,  ///< a1 address, a2 size -> size
    control = 2,        ///< a1, a2 a control line; a3, a4 room for the reply -> its size
};
inline constexpr std::int64_t hypercall_version = 1;

enum class HypercallError : std::int64_t {
    no_such_call = -1,
    bad_argument = -2,
    bad_address = -3,  ///< not wholly in one RAM bank
    forbidden = -4,    ///< for zones with control only, or for the kernel only
    too_small = -5,    ///< less room for the reply than min_reply_room
};

/// The zone that calls. On the CPU of the calling vCPU.
class HypercallZone {
public:
    [[nodiscard]] virtual const GuestMemory& memory() const = 0;
    [[nodiscard]] virtual bool has_control() const = 0;
    virtual void write_console(std::span<const std::byte> bytes) = 0;

protected:
    ~HypercallZone() = default;  // never deleted through the interface
};

inline constexpr std::uint64_t max_console_write = 1024;
/// Every error fits; what is longer says that it does not fit, a log is cut.
inline constexpr std::uint64_t min_reply_room = 256;

struct HypercallArguments {
    std::uint64_t number = 0;
    std::array<std::uint64_t, 4> values{};
};

/// Does what the guest's kernel asks; every number comes from the guest. Replies to control lines
/// are put together in `scratch` (max_control_reply bytes), which nobody else uses meanwhile.
[[nodiscard]] std::int64_t do_hypercall(HypercallZone& zone, ManagedZones& zones,
                                        const HypercallArguments& arguments,
                                        std::span<char> scratch);

}  // namespace lkvm::hv
