// SPDX-License-Identifier: GPL-2.0-or-later
// A zone that does, for each typed letter, something that no zone must do. All of its memory that
// nothing was loaded into must be zero whenever it starts, and so must registers that a kernel
// before it may have used; it writes to all of them.

#include "bare/zone.hpp"

namespace {

constexpr uint64_t nowhere = 0x70000000, bank_size = 0x800000;
alignas(4096) uint32_t empty_page[1024];

/// Which of vectors, FP flags and CSRs was not zero; 0: none. Leaves all of them used.
unsigned look_at_registers() {
    using namespace csr_number;
    constexpr uint64_t units = 7, used = 0xaaaa'aaaa'aaaa'a000;
    static uint64_t vectors[32][4];
    uint64_t flag, control;
    csr<euen>(units);
    asm volatile(R"(
        .irp n,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
        xvst $xr\n, %2, 32 * \n
        xvreplgr2vr.d $xr\n, %2
        .endr
        movcf2gr %0, $fcc7
        ori $t0, $zero, 1
        movgr2cf $fcc7, $t0
        movfcsr2gr %1, $fcsr0
        ori $t0, $zero, 1 << 9
        movgr2fcsr $fcsr0, $t0)"
                 : "=&r"(flag), "=&r"(control)
                 : "r"(vectors)
                 : "memory", "t0");
    csr<euen>(0);
    for (const auto& vector : vectors) {
        for (const uint64_t part : vector) {
            if (part != 0) return 1;
        }
    }
    if ((flag | control) != 0) return 2;
    // What they had before.
    const uint64_t registers = csr<badv>(used) | csr<tlbidx>(used >> 40 & 0xfff) |
                               csr<tlbehi>(used) | csr<tlbelo0>(used) | csr<tlbelo1>(used) |
                               csr<tlbrbadv>(used) | csr<tlbrsave>(used) | csr<tlbrelo0>(used) |
                               csr<tlbrelo1>(used) | csr<tlbrehi>(used) | csr<tlbrprmd>(3);
    return registers != 0 ? 3 : 0;
}

void read(uint64_t address) {
    const uint64_t value = mmio<uint64_t>(address);
    asm volatile("" : : "r"(value));
}

void set_handler(uint64_t address) {
    asm volatile("csrwr %0, 0xc" : "+r"(address) : : "memory");
}

void jump(uint64_t address) {
    asm volatile("jirl $ra, %0, 0" : : "r"(address) : "$ra", "memory");
}

/// Hypercalls with pointers that are not the zone's: all are refused.
void bad_pointers() {
    const uint64_t places[] = {
        0, nowhere, uart, 0x90000000 + bank_size - 4, ~uint64_t{0} - 8, 0x9000000090000000};
    bool refused = true;
    for (const uint64_t place : places) {
        refused = hypercall(1, place, 64) == -3 && refused;
        refused = hypercall(2, place, 64, place, 64) < 0 && refused;
    }
    refused = hypercall(1, 0x90200000, ~uint64_t{0}) == -2 && refused;
    for (uint64_t number = 3; number < 100; ++number) {
        refused = hypercall(number, nowhere, nowhere) == -1 && refused;
    }
    put(refused ? "all refused\n" : "something was accepted\n");
}

void misbehave(char what) {
    switch (what) {
        case 'a':
            read(nowhere);
            break;
        case 'b':
            mmio<uint32_t>(0x90000000 + bank_size) = 1;  // the byte behind its bank
            break;
        case 'c':
            jump(nowhere);
            break;
        case 'd':
            asm volatile("csrrd $t0, 0x50" : : : "$t0");  // the hypervisor's GSTAT
            break;
        case 'e':  // an exception handler that is no code
            set_handler(reinterpret_cast<uint64_t>(empty_page));
            asm volatile(".word 0");
            break;
        case 'f':  // no handler at all
            set_handler(0);
            asm volatile(".word 0");
            break;
        case 'g': {  // an atomic operation on a device
            uint64_t address = uart | uint64_t{1} << 63;
            asm volatile("amadd.w $t0, $zero, %0" : : "r"(address) : "$t0", "memory");
            break;
        }
        case 'h':
            bad_pointers();
            break;
        case 'i':
            for (;;) asm volatile("cpucfg $t0, $zero" : : : "$t0");
            break;
        case 'j':
            put("Kernel panic - not syncing: as asked\n");
            reset();
        case 'k':
            put("---[ end Kernel panic - not syncing: as asked ]---\n");
            for (;;) asm volatile("");
            break;
        case 'l':
            put("spinning\n");
            for (;;) asm volatile("");
            break;
        case 'm':
            power_off();
        case 'n':
            reset();
        case 'o':
            jump(uart | uint64_t{1} << 63);  // a device is no code
            break;
        case 'p':
            mmio<uint32_t>(0x1c000000) = 1;  // the start-up code that all zones share
            break;
        case 'q':  // translation on, and nothing to translate with
            asm volatile("csrwr $zero, 0x181; ibar 0" : : : "memory");
            break;
        case 'r':
            read(uint64_t{0x7fff} << 32);
            break;
        case 's':
            for (uint32_t i = 0; i < 0x1000; ++i) iocsr_write(i * 4, ~i);
            put("went on\n");
            break;
        case 't': {  // walks over itself
            for (uint64_t place = 0x9000000090200000;; place += 8) {
                *reinterpret_cast<volatile uint64_t*>(place) = 0;
            }
        }
        case 'u': {  // a log with the end of a panic in it, and then work
            put("---[ end Kernel panic - not syncing: long ago ]---\n");
            const uint64_t began = ticks();
            while (ticks() - began < ticks_a_second / 2) {
            }
            put("that was long ago\n");
            break;
        }
        default:
            put("what?\n");
    }
}

}  // namespace

void program() {
    if (const unsigned what = look_at_registers(); what != 0) {
        put("memory was not clear, nor were registers: ");
        put_number(what);
        put('\n');
        jump(nowhere);
    }
    csr<csr_number::tlbrentry>(0);  // what is not mapped has no handler
    const FreeMemory memory = look_and_soil();
    if (memory.bytes == 0 || memory.first_set != 0) {
        put("memory was not clear at ");
        put_hex(memory.first_set);
        put('\n');
        jump(nowhere);
    }
    put("victim is ready, memory was clear: ");
    put_number(memory.bytes >> 10);
    put(" KiB\n");
    hypercall(0);
    for (;;) misbehave(get());
}
