// SPDX-License-Identifier: GPL-2.0-or-later
// What bare-metal programs that run as zones of lkvm-zones share: hypercalls, control, their
// memory.
#pragma once

#include "bare/bare.hpp"

/// hvcl 0x200, docs/zones-control.md.
int64_t hypercall(uint64_t number, uint64_t first = 0, uint64_t second = 0, uint64_t third = 0,
                  uint64_t fourth = 0);
inline constexpr uint64_t console_call = 1, control_call = 2;

/// Hands text to the console at once: other zones' lines come before or behind it, not into it.
void say(const char* text);

/// Sends "VERB ZONE" or "VERB" as the control zone; the answer, empty if the call failed.
const char* control(const char* verb, const char* zone = "");

/// What comes behind the first `what` in `text`; null if it is not there, or there is no text.
const char* find(const char* text, const char* what);
/// The decimal number at the start of `text`; 0 if there is none.
uint64_t number(const char* text);

[[noreturn]] void reset();

uint64_t ticks();
inline constexpr uint64_t ticks_a_second = 100'000'000;

template<class T>
void iocsr_write(uint64_t address, T value) {
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    if constexpr (sizeof(T) == 4) {
        asm volatile("iocsrwr.w %0, %1" : : "r"(value), "r"(address) : "memory");
    } else {
        asm volatile("iocsrwr.d %0, %1" : : "r"(value), "r"(address) : "memory");
    }
}

/// RAM in all banks that neither the program nor what it was booted with occupies: the EFI memory
/// map's free ranges.
struct FreeMemory {
    uint64_t bytes = 0;
    uint64_t first_set = 0;  ///< address of the first word that is not zero
};
/// Looks at all of it, and leaves a pattern everywhere.
FreeMemory look_and_soil();
