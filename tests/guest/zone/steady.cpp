// SPDX-License-Identifier: GPL-2.0-or-later
// A zone that has something to do in each of its timer's periods, and says how many it had when
// asked with a character.
#include "bare/zone.hpp"

using namespace csr_number;

void program() {
    constexpr uint64_t timer_line = 1 << 11, interrupts_on = 1 << 2;
    constexpr uint64_t enabled = 1, periodic = 2, periods_a_second = 100;
    put("steady begins\n");
    csr<ecfg>(timer_line);
    csr<tcfg>(enabled | periodic | ticks_a_second / periods_a_second);
    for (uint64_t periods = 1;; ++periods) {
        probe(wait_interrupt, interrupts_on);
        csr<ticlr>(1);
        if (!has_input()) continue;
        [[maybe_unused]] const uint8_t typed = mmio<uint8_t>(uart);
        put("periods ");
        put_number(periods);
        put("\n");
    }
}
