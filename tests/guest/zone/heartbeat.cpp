// SPDX-License-Identifier: GPL-2.0-or-later
// A small zone without an operating system: a line a second, by timer interrupt, asleep in between;
// typed characters come back. On 'q' it powers off, on 'r' it resets.
#include "bare/zone.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t timer_line = 1 << 11, interrupts_on = 1 << 2;
constexpr uint64_t enabled = 1, periodic = 2;

void serve_input() {
    while (has_input()) {
        const char typed = get();
        if (typed == 'q') power_off();
        if (typed == 'r') reset();
        put(typed);
    }
}

}  // namespace

void program() {
    put("heartbeat begins\n");
    csr<ecfg>(timer_line);
    csr<tcfg>(enabled | periodic | ticks_a_second);
    for (uint64_t beats = 1;; ++beats) {
        // Comes back by the exception that the interrupt is.
        probe(wait_interrupt, interrupts_on);
        if ((trap_state.estat & timer_line) == 0) put("no timer\n");
        csr<ticlr>(1);
        put("beat ");
        put_hex(beats);
        put("\n");
        serve_input();
    }
}
