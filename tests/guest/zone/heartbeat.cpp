// SPDX-License-Identifier: GPL-2.0-or-later
// A small zone without an operating system: a line a second, by timer interrupt, asleep in between;
// typed characters come back. On 'q' it powers off, on 'r' it resets.
#include "../privileged/bare.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t uart = 0x1fe001e0, line_status = 5, data_ready = 1;
constexpr uint64_t power = 0x100e001c, reset_value = 0x42;
constexpr uint64_t timer_line = 1 << 11, interrupts_on = 1 << 2;
constexpr uint64_t enabled = 1, periodic = 2, ticks_a_second = 100'000'000;

void serve_input() {
    while ((mmio<uint8_t>(uart + line_status) & data_ready) != 0) {
        const char text[2] = {static_cast<char>(mmio<uint8_t>(uart)), 0};
        if (text[0] == 'q') power_off();
        if (text[0] == 'r') mmio<uint8_t>(power) = reset_value;
        put(text);
    }
}

}  // namespace

void program() {
    put("heartbeat begins\r\n");
    csr<ecfg>(timer_line);
    csr<tcfg>(enabled | periodic | ticks_a_second);
    for (uint64_t beats = 1;; ++beats) {
        // Comes back by the exception that the interrupt is.
        probe(wait_interrupt, interrupts_on);
        if ((trap_state.estat & timer_line) == 0) put("no timer\r\n");
        csr<ticlr>(1);
        put("beat ");
        put_hex(beats);
        put("\r\n");
        serve_input();
    }
}
