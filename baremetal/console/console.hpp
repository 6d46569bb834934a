// SPDX-License-Identifier: GPL-2.0-or-later
// The board's UART, shared by the hypervisor and the zones.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <lkvm/spin_lock.hpp>

#include "baremetal/life/output_mux.hpp"

namespace lkvm::hv {

/// Output of everybody, in bounded queues: nobody waits for the UART. One CPU looks after it and
/// sends a few bytes in each period. Any CPU, if nothing else is said.
class Console {
public:
    void name_zone(std::size_t zone, std::string_view name) { mux_.name_zone(zone, name); }
    void set_prefixes(bool on) { mux_.set_prefixes(on); }
    /// Whose output is not held back.
    void set_focus(std::size_t zone);

    /// False: too much of the zone's output waits already. At most OutputMux::most_written bytes.
    [[nodiscard]] bool write(std::size_t zone, std::span<const std::byte> bytes);
    /// One line of the hypervisor's own: `what`, and `value` in hex. Lost if there is no room.
    void line(std::string_view what);
    void line(std::string_view what, std::uint64_t value);
    /// One line about a zone: false if there is no room.
    bool line(std::size_t zone, std::string_view name, std::string_view what);

    /// Until this is called every line is sent at once. `wake` has drain() called soon.
    void share(void (*wake)());
    /// Sends some of what waits, if it is time to. CPU that looks after the UART, often.
    void drain();
    /// drain() has to be called again in `period()` ticks of the stable counter.
    [[nodiscard]] bool is_draining() const { return draining_.load(std::memory_order_relaxed); }
    [[nodiscard]] static std::uint64_t period();
    /// Sends everything and waits for the UART: when there is nothing else to do any more.
    void flush();
    /// For a CPU that stops after it: no lock, no queue.
    static void last_words(std::string_view what, std::uint64_t value);

    /// A byte that was typed, or -1. Only the CPU that looks after input.
    static int read();

private:
    void note_output();
    /// Sends up to `most` bytes as far as the UART takes them; false if nothing is left to send.
    [[nodiscard]] bool send(std::size_t most);

    SpinLock lock_;  // of the next
    OutputMux mux_;

    /// Changed under the lock. Who waits for room looks here and leaves the lock to those who make
    /// some.
    std::array<std::atomic<bool>, OutputMux::hypervisor + 1> full_{};

    void (*wake_)() = nullptr;
    std::atomic<bool> draining_{false};
    std::uint64_t drained_at_ = 0;
    SpinLock sending_;  // of the next
    std::array<char, 256> out_{};
    std::size_t out_first_ = 0;
    std::size_t out_size_ = 0;
    unsigned burst_ = 0;  ///< bytes that the UART takes without being asked
};

extern constinit Console console;

}  // namespace lkvm::hv
