// SPDX-License-Identifier: GPL-2.0-or-later
// A zone that sleeps many times, each time until a one-shot timer of another length fires: at every
// instruction of the hypervisor's way to sleep, sooner or later.
#include "bare/zone.hpp"

using namespace csr_number;

void program() {
    constexpr uint64_t timer_line = 1 << 11, once = 1, shortest = 4, longest = 4000;
    constexpr unsigned rounds = 10;
    put("naps begin\n");
    csr<ecfg>(timer_line);
    for (unsigned round = 0; round < rounds; ++round) {
        for (uint64_t ticks = shortest; ticks <= longest; ticks += shortest) {
            csr<tcfg>(once | ticks);
            idle_once();
            csr<tcfg>(0);
            csr<ticlr>(1);
        }
    }
    put("naps end\n");
    for (;;) idle_once();
}
