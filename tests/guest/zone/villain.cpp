// SPDX-License-Identifier: GPL-2.0-or-later
// A zone that misbehaves: it asks for a number on its console and does what stands there. What the
// hypervisor answers with an error, or lets pass, it survives and asks again; the rest parks it.
#include "bare/zone.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t beyond_ram = 0x2'0000'0000, below_ram = 0x8fff'fff8, nowhere = 0x1a00'0000;
constexpr uint64_t boot_rom = 0x1c00'0000, pch_pic = 0x1000'0000, virtio = 0x1600'0000;

template<class T>
void load(uint64_t address) {
    [[maybe_unused]] volatile T value = mmio<T>(address);
}

void run_at(uint64_t address) {
    reinterpret_cast<void (*)()>(address)();
}

void tell(const char* what, uint64_t number) {
    static char line[64];
    uint64_t size = 0;
    while (*what != 0) line[size++] = *what++;
    int shift = 60;
    while (shift > 0 && (number >> shift & 15) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) line[size++] = "0123456789abcdef"[number >> shift & 15];
    line[size++] = '\n';
    line[size] = 0;
    say(line);
}

void answer(int64_t value) {
    tell(value < 0 ? "answer -" : "answer ", static_cast<uint64_t>(value < 0 ? -value : value));
}

/// Registers of the first virtio device. VIRTIO 1.2 §4.2.2.
volatile uint32_t& virtio_register(uint64_t offset) {
    return mmio<uint32_t>(virtio + offset);
}

struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
};
alignas(4096) Descriptor table[8];
alignas(4096) volatile uint16_t available[16];
alignas(4096) volatile uint8_t used[128];

/// Brings up queue 0 of the first device with rings wherever they are said to be.
void start_queue(uint64_t descriptors, uint64_t driver, uint64_t device) {
    virtio_register(0x70) = 0;
    virtio_register(0x70) = 1;
    virtio_register(0x70) = 3;
    virtio_register(0x24) = 1;  // VIRTIO_F_VERSION_1
    virtio_register(0x20) = 1;
    virtio_register(0x70) = 0xb;
    virtio_register(0x30) = 0;
    virtio_register(0x38) = 8;
    virtio_register(0x80) = static_cast<uint32_t>(descriptors);
    virtio_register(0x84) = static_cast<uint32_t>(descriptors >> 32);
    virtio_register(0x90) = static_cast<uint32_t>(driver);
    virtio_register(0x94) = static_cast<uint32_t>(driver >> 32);
    virtio_register(0xa0) = static_cast<uint32_t>(device);
    virtio_register(0xa4) = static_cast<uint32_t>(device >> 32);
    virtio_register(0x44) = 1;
    virtio_register(0x70) = 0xf;
}

/// Offers descriptor 0 after it was filled in.
void kick(uint16_t index = 1) {
    available[2] = 0;
    available[1] = index;
    virtio_register(0x50) = 0;
    tell("status ", virtio_register(0x70));
}

void good_queue() {
    start_queue(physical(table), physical(const_cast<uint16_t*>(available)),
                physical(const_cast<uint8_t*>(used)));
}

void scribble(uint64_t from, uint64_t size) {
    uint64_t value = 0x9e3779b97f4a7c15;
    for (uint64_t offset = 0; offset < size; offset += 4) {
        value = value * 6364136223846793005 + 1442695040888963407;
        mmio<uint32_t>(from + offset) = static_cast<uint32_t>(value >> 32);
    }
}

void exception_loop() {
    csr<eentry>(cached(beyond_ram));
    asm volatile("syscall 0");
}

// A handler whose first instruction raises the exception again.
asm(".globl bad_handler\n .balign 4096\n bad_handler: syscall 0\n b bad_handler\n");
extern "C" const char bad_handler[];

void handler_that_faults() {
    csr<eentry>(reinterpret_cast<uint64_t>(bad_handler));
    asm volatile("syscall 0");
}

void refill_without_handler() {
    csr<tlbrentry>(beyond_ram);
    [[maybe_unused]] volatile uint64_t value = *reinterpret_cast<volatile uint64_t*>(0x1000);
}

// A program's loop, read at its physical address.
asm(".globl endless_program\n endless_program: cpucfg $t0, $zero\n b endless_program\n");
extern "C" const char endless_program[];

void run_endless_program() {
    constexpr uint64_t level = 3, cached_memory = 1 << 4;
    csr<dmw0>(1 << level | cached_memory);
    csr<prmd>(level);
    csr<era>(physical(endless_program));
    asm volatile("ertn");
}

void flood_of_timers() {
    csr<tcfg>(1 | 2 | 4);
    csr<ecfg>(1 << 11);
    for (int i = 0; i < 1000; ++i) probe(wait_interrupt, 4);
    csr<tcfg>(0);
    csr<ecfg>(0);
    csr<ticlr>(1);
}

void misdeed(uint64_t number) {
    switch (number) {
            // clang-format off
        case 0x01: load<uint64_t>(beyond_ram); break;
        case 0x02: mmio<uint64_t>(beyond_ram) = 1; break;
        case 0x03: run_at(cached(beyond_ram)); break;
        case 0x04: load<uint64_t>(below_ram); break;
        case 0x05: mmio<uint8_t>(nowhere) = 1; break;
        case 0x06: load<uint16_t>(nowhere + 0x123456); break;
        case 0x07: mmio<uint32_t>(boot_rom) = 0; break;
        case 0x08: run_at(cached(uart)); break;
        case 0x09: run_at(cached(nowhere)); break;
        case 0x0a: asm volatile("amadd_db.d $t0, $t1, %0" :: "r"(nowhere | 1ull << 63) : "t0"); break;
        case 0x0b: asm volatile("ll.w $t0, %0, 0" :: "r"((uart & ~15ull) | 1ull << 63) : "t0"); break;
        case 0x0c: asm volatile("vld $vr0, %0, 0" :: "r"(pch_pic | 1ull << 63)); break;
        case 0x0d: asm volatile("preld 0, %0, 0\n ld.d $t0, %0, 0" :: "r"(1ull << 62 | 1ull << 63 | 1) : "t0"); break;
        case 0x0e: csr<0x50>(0xff0002); break;           // GSTAT
        case 0x0f: put_hex(csr<0x51>()); break;          // GCFG
        case 0x10: csr<0x52>(~uint64_t{0}); break;       // GINTC
        case 0x11: csr<0x15>(~uint64_t{0}); break;       // GTLBC
        case 0x12: asm volatile(".word 0x05000004" ::: "a0"); break;  // gcsrrd a0, CRMD
        case 0x13: asm volatile(".word 0x06482401"); break;           // gtlbflush
        case 0x14: exception_loop(); break;
        case 0x15: handler_that_faults(); break;
        case 0x16: refill_without_handler(); break;
        case 0x17: for (;;) asm volatile("cpucfg $t0, $zero" ::: "t0");
        case 0x18: for (;;) asm volatile("iocsrrd.d $t0, $zero" ::: "t0");
        case 0x19: for (;;) hypercall(0x1234);
        case 0x1a: load<uint64_t>(1ull << 47 | physical(table)); break;
        // From here on it goes on.
        case 0x20: answer(hypercall(0)); break;
        case 0x21: answer(hypercall(1, beyond_ram, 16)); break;
        case 0x22: answer(hypercall(1, physical(table), 1 << 30)); break;
        case 0x23: answer(hypercall(1, ~uint64_t{15}, 32)); break;
        case 0x24: answer(hypercall(2, physical(table), 4, physical(table), 64)); break;
        case 0x25: answer(hypercall(0x777)); break;
        case 0x26: answer(hypercall(3, 1000)); break;
        case 0x27: answer(hypercall(1, uart, 8)); break;
        case 0x28: start_queue(beyond_ram, beyond_ram, beyond_ram); kick(); break;
        case 0x29: good_queue(); table[0] = {beyond_ram, 100, 2, 0}; kick(); break;
        case 0x2a: good_queue(); table[0] = {physical(table), 100, 3, 0}; kick(); break;
        case 0x2b: good_queue(); table[0] = {physical(table), 100, 2, 0}; kick(1000); break;
        case 0x2c: good_queue(); table[0] = {physical(table), 0xffffffff, 2, 0}; kick(); break;
        case 0x2d: scribble(virtio, 0x200); break;
        case 0x2e: for (int i = 0; i < 1000; ++i) virtio_register(0x70) = static_cast<uint32_t>(i); break;
        case 0x2f: scribble(pch_pic, 0x400); break;
        case 0x30:
            for (uint32_t i = 0; i < 1000; ++i) {
                iocsr_write(0x1040, i);
                iocsr_write(0x1158, uint64_t{i} << 20);
            }
            break;
        case 0x31: for (uint64_t i = 0; i < 0x10000; i += 8) iocsr_write(i & ~0xffull, i & ~0xffull); break;
        case 0x33: mmio<uint8_t>(0x100e001c) = 0x99; mmio<uint8_t>(0x100e001d) = 0xff; break;
        case 0x34: asm volatile(".word 0x0600cc20" ::: "memory"); break;  // a cacop
        // These neither park it nor end.
        case 0x40: for (;;) asm volatile("" ::: "memory");
        case 0x41: run_endless_program(); break;
        // clang-format on
        default:
            tell("no such misdeed: ", number);
    }
}

}  // namespace

void program() {
    csr<euen>(7);
    for (;;) {
        put("which? ");
        uint64_t number = 0;
        for (char c = get(); c != '.'; c = get()) {
            number = number << 4 | static_cast<uint64_t>(c <= '9' ? c - '0' : c - 'a' + 10);
        }
        put("\n");
        tell("does ", number);
        // Its own exceptions are its own affair; one of them at a time.
        if (number == 0x32) {
            flood_of_timers();
        } else if (probe(misdeed, number) != 0) {
            tell("exception ", trap_state.estat >> 16 & 0x3f);
        }
        tell("survived ", number);
    }
}
