// SPDX-License-Identifier: GPL-2.0-or-later
// The board's UART, shared by the hypervisor and the zones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/bundle.hpp>
#include <lkvm/spin_lock.hpp>

namespace lkvm::hv {

/// Output of everybody. What the zone in focus writes goes out as it comes; others' output goes out
/// in whole lines. With several zones each line has its owner's name in front. Any CPU.
class Console {
public:
    static constexpr std::size_t hypervisor = bundle::max_zones;  ///< index behind the zones'

    void name_zone(std::size_t zone, std::string_view name) { zones_[zone].name = name; }
    /// With one zone there is nothing to tell apart.
    void set_prefixes(bool on) { prefixes_ = on; }
    /// Whose output is not held back.
    void set_focus(std::size_t zone);

    void write(std::size_t zone, std::span<const std::byte> bytes);
    /// One line of the hypervisor's own: `what`, and `value` in hex.
    void line(std::string_view what);
    void line(std::string_view what, std::uint64_t value);
    /// One line about a zone.
    void line(std::string_view zone, std::string_view what);
    /// One line about a zone's device.
    void line(std::string_view zone, std::string_view device, std::string_view what,
              std::uint64_t value);

    /// A byte that was typed, or -1. Only the CPU that looks after input.
    static int read();

private:
    /// Output of a zone that waits for the end of its line.
    struct Pending {
        std::string_view name;
        std::array<char, 240> text{};
        std::size_t size = 0;
    };

    static void put(char c);
    static void put(std::string_view text);
    static void put_hex(std::uint64_t value);
    void begin_line(std::size_t owner);
    void end_line();
    void flush(std::size_t zone);

    SpinLock lock_;
    bool prefixes_ = false;
    bool at_line_start_ = true;
    std::size_t line_owner_ = hypervisor;
    std::size_t focus_ = 0;
    std::array<Pending, bundle::max_zones> zones_{};
};

extern constinit Console console;

}  // namespace lkvm::hv
