// SPDX-License-Identifier: GPL-2.0-or-later
// The smallest zone: writes one byte and sleeps.
#include "bare/bare.hpp"

void program() {
    mmio<uint8_t>(uart) = '.';
    for (;;) idle_once();
}
