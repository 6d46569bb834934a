// SPDX-License-Identifier: GPL-2.0-or-later
// What the small programs that run as zones share. No library; linked with privileged/program.ld.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Each program's main function, on a CPU with direct windows: 0x8000... uncached, 0x9000...
/// cached.
extern "C" void program();

template<class T>
volatile T& mmio(uint64_t address) {
    return *reinterpret_cast<volatile T*>(address | uint64_t{1} << 63);
}
inline uint64_t physical(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer) & ((uint64_t{1} << 48) - 1);
}

void put(char c);
void put(const char* text);
void put(const char* text, size_t size);
void put_number(uint64_t value);
/// Waits for a typed character.
char get();

/// hvcl 0x200, docs/zones.md.
int64_t hypercall(uint64_t number, uint64_t a1 = 0, uint64_t a2 = 0, uint64_t a3 = 0,
                  uint64_t a4 = 0);
[[noreturn]] void power_off();
[[noreturn]] void reset();
