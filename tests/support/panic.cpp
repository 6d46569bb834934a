// SPDX-License-Identifier: GPL-2.0-or-later
// panic() for test programs.
#include <lkvm/assert.hpp>

#include <cstdio>
#include <cstdlib>

void lkvm::panic(const char* what, const char* file, int line) noexcept {
    std::fprintf(stderr, "%s:%d: %s\n", file, line, what);
    std::abort();
}
