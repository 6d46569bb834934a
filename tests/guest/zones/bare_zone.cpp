// SPDX-License-Identifier: GPL-2.0-or-later
#include "bare_zone.hpp"

asm(R"(
    .section .start, "ax"
    .globl _start
_start:
    ori     $t0, $zero, 1
    lu52i.d $t0, $t0, -2048
    csrwr   $t0, 0x180
    ori     $t0, $zero, 0x11
    lu52i.d $t0, $t0, -1792
    csrwr   $t0, 0x181
    la.pcrel $t0, mapped
    lu52i.d $t1, $zero, -1792
    or      $t0, $t0, $t1
    jirl    $zero, $t0, 0
mapped:
    ori     $t0, $zero, 0xb0
    csrwr   $t0, 0x0
    la.pcrel $sp, stack_top
    bl      program
    b       .
    .section .bss
    .balign 16
    .space  16384
stack_top:
)");

namespace {

constexpr uint64_t uart = 0x1fe001e0;
constexpr uint64_t line_status = 5;
constexpr uint64_t power_base = 0x100e001c;

}  // namespace

void put(char c) {
    if (c == '\n') put('\r');
    mmio<uint8_t>(uart) = static_cast<uint8_t>(c);
}
void put(const char* text) {
    while (*text != 0) put(*text++);
}
void put(const char* text, size_t size) {
    while (size-- != 0) put(*text++);
}
void put_number(uint64_t value) {
    if (value >= 10) put_number(value / 10);
    put(static_cast<char>('0' + value % 10));
}
char get() {
    while ((mmio<uint8_t>(uart + line_status) & 1) == 0) {
    }
    return static_cast<char>(mmio<uint8_t>(uart));
}

int64_t hypercall(uint64_t number, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4) {
    register uint64_t r4 asm("$r4") = number;
    register uint64_t r5 asm("$r5") = a1;
    register uint64_t r6 asm("$r6") = a2;
    register uint64_t r7 asm("$r7") = a3;
    register uint64_t r8 asm("$r8") = a4;
    // hvcl 0x200; assemblers know it only with LVZ.
    asm volatile(".word 0x002b8200" : "+r"(r4) : "r"(r5), "r"(r6), "r"(r7), "r"(r8) : "memory");
    return static_cast<int64_t>(r4);
}

void power_off() {
    for (;;) mmio<uint8_t>(power_base) = 0x34;
}
void reset() {
    for (;;) mmio<uint8_t>(power_base + 2) = 0x42;
}

// The compiler may ask for these.
extern "C" void* memset(void* to, int value, size_t size) {
    auto* out = static_cast<volatile uint8_t*>(to);
    while (size-- != 0) *out++ = static_cast<uint8_t>(value);
    return to;
}
extern "C" void* memcpy(void* to, const void* from, size_t size) {
    auto* out = static_cast<volatile uint8_t*>(to);
    const auto* in = static_cast<const volatile uint8_t*>(from);
    while (size-- != 0) *out++ = *in++;
    return to;
}
