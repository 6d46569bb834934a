// SPDX-License-Identifier: GPL-2.0-or-later
// Everybody's output on its way to one serial port.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <lkvm/bundle.hpp>

namespace lkvm::hv {

/// A bounded queue for each zone and one for the hypervisor; the port gets a line of each in turn.
/// What the zone in focus writes goes out as it comes, others' in whole lines. With several zones
/// each line has its owner's name in front. Lines about a zone stay in order with what it writes.
/// The caller's lock; every call is short.
class OutputMux {
public:
    static constexpr std::size_t hypervisor = bundle::max_zones;  ///< source behind the zones
    static constexpr std::size_t capacity = 4096;                 ///< of a queue
    static constexpr std::size_t most_written = 256;              ///< at once by a zone
    /// Zones leave this much for lines about them.
    static constexpr std::size_t reserve = 1024;
    /// Every so many bytes of one line it is interrupted if others have something.
    static constexpr std::size_t longest_turn = capacity;
    /// Room that take() needs at least.
    static constexpr std::size_t least_taken = 64;

    /// Before anything else about the zone.
    void name_zone(std::size_t zone, std::string_view name);
    /// With one zone there is nothing to tell apart.
    void set_prefixes(bool on) { prefixes_ = on; }
    /// Whose output is not held back.
    void set_focus(std::size_t zone) { focus_ = zone; }

    /// False: there is no room now, and nothing was taken. At most most_written bytes.
    [[nodiscard]] bool write(std::size_t zone, std::span<const std::byte> bytes);
    /// A line of the hypervisor, at most most_written bytes, behind what `source` has written.
    /// False: there is no room.
    [[nodiscard]] bool line(std::size_t source, std::string_view text);

    /// The next bytes for the port; returns how many. 0: nothing is ready, or it waits for the end
    /// of a line that somebody is writing.
    [[nodiscard]] std::size_t take(std::span<char> out);
    /// Something is ready or waits.
    [[nodiscard]] bool has_more() const;
    /// A while has passed; after some without output the line that stands is interrupted.
    void pass_time() {
        if (patience_ != 0) --patience_;
    }
    void lose_patience() { patience_ = 0; }

private:
    /// A carriage return, which zones' text does not keep, begins a line of the hypervisor.
    static constexpr char line_of_hypervisor = '\r';
    /// A line without an end is not held back for ever.
    static constexpr std::size_t longest_line = 240;

    /// Calls of pass_time() without output before a line is interrupted.
    static constexpr unsigned most_patience = 20;

    struct Queue {
        std::string_view name;
        std::array<char, capacity> text{};
        std::size_t first = 0;
        std::size_t size = 0;
        std::size_t lines = 0;  ///< ends of lines in it

        void push(char c);
        [[nodiscard]] char pop();
        /// The next is a byte within a line.
        [[nodiscard]] bool has_text() const;
    };
    class Out;

    [[nodiscard]] bool is_ready(std::size_t source) const;
    [[nodiscard]] bool choose();
    void put_next(Out& out);
    void begin_line(std::string_view name, Out& out);
    void end_line(Out& out);

    std::size_t zones_ = 0;  ///< those from here on have no name and write nothing
    bool prefixes_ = false;
    bool in_line_ = false;   ///< the port's line has begun
    std::size_t owner_ = 0;  ///< of the port's line, or of the last one
    std::size_t turn_ = 0;   ///< bytes in the port's line since others had their chance
    std::size_t current_ = 0;
    std::size_t focus_ = 0;
    unsigned patience_ = 0;  ///< with the owner of the port's line
    std::array<Queue, bundle::max_zones + 1> queues_{};
};

}  // namespace lkvm::hv
