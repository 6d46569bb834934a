// SPDX-License-Identifier: GPL-2.0-or-later
// The smallest zone: writes one byte and sleeps.
#include "../../guest/privileged/bare.hpp"

void program() {
    mmio<uint8_t>(0x1fe001e0) = '.';
    for (;;) idle_once();
}
