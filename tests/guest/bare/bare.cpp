// SPDX-License-Identifier: GPL-2.0-or-later
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t physical_start = 0x9020'0000, virtual_start = physical_start | 9ull << 60;
constexpr uint64_t image_size = 0x10'0000;
constexpr uint64_t line_status = uart + 5;
constexpr uint8_t data_ready = 1, transmitter_empty = 0x20;

/// Addresses in the program differ from compiler to compiler.
void put_address(uint64_t value, uint64_t piece, uint64_t argument) {
    if (value - piece < 0x100) {
        put("code+");
        put_hex(value - piece);
    } else if (value - argument < 0x100 && argument >= 0x1000) {
        put("argument+");
        put_hex(value - argument);
    } else if (value - physical_start < image_size || value - virtual_start < image_size) {
        put("image");
    } else {
        put_hex(value);
    }
}

void print_trap(const char* name, uint64_t piece, uint64_t argument) {
    const volatile TrapState& trap = trap_state;
    begin(name);
    if (trap.kind == 2) {
        put(" refill badv ");
        put_address(trap.tlbrbadv, piece, argument);
        put(" era ");
        put_address(trap.tlbrera & ~uint64_t{3}, piece, argument);
        put(" flag ");
        put_hex(trap.tlbrera & 3);
        put(" ehi ");
        put_hex(trap.tlbrehi);
        put(" prmd ");
        put_hex(trap.tlbrprmd);
        put(" crmd ");
        put_hex(trap.crmd);
    } else {
        put(" ecode ");
        put_hex(trap.estat >> 16 & 0x3f);
        put(".");
        put_hex(trap.estat >> 22 & 0x1ff);
        put(" is ");
        put_hex(trap.estat & 0xffff);
        put(" era ");
        put_address(trap.era, piece, argument);
        // What the manual says each exception writes; program() has lines for what it leaves alone.
        const uint64_t code = trap.estat >> 16 & 0x3f;
        if (code >= 1 && code <= 0xa) {
            put(" badv ");
            put_address(trap.badv, piece, argument);
        }
        const bool no_instruction =
            code == 0 || (code >= 1 && code <= 8 && trap.badv == trap.era);  // a fetch's
        if (!no_instruction) {
            put(" badi ");
            put_hex(trap.badi & 0xffff'ffff);
        }
        put(" prmd ");
        put_hex(trap.prmd);
        put(" crmd ");
        put_hex(trap.crmd);
        if (code >= 1 && code <= 7) {
            put(" ehi ");
            put_hex(trap.tlbehi);
        }
    }
    end();
}

/// Sleeps for two milliseconds, interrupts being off; uses the timer.
void nap() {
    constexpr uint64_t timer_line = 1 << 11, once = 1, ticks = 200'000;
    const uint64_t lines = csr<ecfg>(timer_line);
    csr<tcfg>(once | ticks);
    idle_once();
    csr<tcfg>(0);
    csr<ticlr>(1);
    csr<ecfg>(lines);
}

}  // namespace

void put(char c) {
    if (c == '\n') put('\r');
    while ((mmio<uint8_t>(line_status) & transmitter_empty) == 0) {
    }
    mmio<uint8_t>(uart) = static_cast<uint8_t>(c);
}

void put(const char* text) {
    while (*text != 0) put(*text++);
}

void put_number(uint64_t value) {
    if (value >= 10) put_number(value / 10);
    put(static_cast<char>('0' + value % 10));
}

bool has_input() {
    return (mmio<uint8_t>(line_status) & data_ready) != 0;
}

char get() {
    while (!has_input()) nap();
    return static_cast<char>(mmio<uint8_t>(uart));
}

void put_hex(uint64_t value) {
    int shift = 60;
    while (shift > 0 && (value >> shift & 15) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}

void begin(const char* name) {
    put("= ");
    put(name);
    put(":");
}

void end() {
    put('\n');
}

void report(const char* name, Piece piece, uint64_t argument) {
    // So that it shows what an exception leaves alone.
    csr<badv>(0x1111);
    csr<tlbehi>(0x2222'2000);
    csr<tlbrbadv>(0x3333);
    trap_state.kind = 0;
    if (probe(piece, argument) == 0) {
        begin(name);
        put(" nothing");
        end();
    } else {
        const bool user = piece == at_level_3;
        print_trap(name, user ? argument : address_of(piece), user ? user_argument : argument);
    }
}

bool on_qemu() {
    constexpr uint64_t configuration = 0x1e020000;
    mmio<uint16_t>(configuration + 8) = 0;  // the signature
    const char signature[] = {'Q', 'E', 'M', 'U'};
    for (const char c : signature) {
        if (mmio<uint8_t>(configuration) != static_cast<uint8_t>(c)) return false;
    }
    return true;
}

void report_but_not_on_qemu(const char* name, Piece piece, uint64_t argument) {
    if (on_qemu()) {
        begin(name);
        put(" not run");
        end();
    } else {
        report(name, piece, argument);
    }
}

void report_user(const char* name, Piece piece, uint64_t argument) {
    user_argument = argument;
    report(name, at_level_3, address_of(piece));
}

void map_pair(unsigned index, uint64_t address, unsigned page_bits, uint64_t even, uint64_t odd) {
    csr<tlbidx>(index | uint64_t{page_bits} << 24);
    csr<tlbehi>(address);
    csr<tlbelo0>(even);
    csr<tlbelo1>(odd);
    asm volatile("tlbwr" ::: "memory");
}

void forget_translations() {
    asm volatile("invtlb 0, $zero, $zero" ::: "memory");
}
