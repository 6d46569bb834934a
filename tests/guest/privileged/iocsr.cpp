// SPDX-License-Identifier: GPL-2.0-or-later
// IOCSR: identification, inter-processor interrupts, mailboxes, a second CPU; the extended
// interrupt controller, and one interrupt from the serial port all the way to the CPU.
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t ipi_line = 1 << 12;
constexpr uint64_t ipi_status = 0x1000, ipi_enable = 0x1004, ipi_set = 0x1008, ipi_clear = 0x100c,
                   mailbox = 0x1020, ipi_send = 0x1040, mail_send = 0x1048;
constexpr uint64_t blocking = uint64_t{1} << 31;

uint64_t read32(uint64_t where) {
    uint64_t value;
    asm volatile("iocsrrd.w %0, %1" : "=r"(value) : "r"(where) : "memory");
    return value;
}
uint64_t read64(uint64_t where) {
    uint64_t value;
    asm volatile("iocsrrd.d %0, %1" : "=r"(value) : "r"(where) : "memory");
    return value;
}
uint64_t read8(uint64_t where) {
    uint64_t value;
    asm volatile("iocsrrd.b %0, %1" : "=r"(value) : "r"(where) : "memory");
    return value;
}
uint64_t read16(uint64_t where) {
    uint64_t value;
    asm volatile("iocsrrd.h %0, %1" : "=r"(value) : "r"(where) : "memory");
    return value;
}
void write32(uint64_t where, uint64_t value) {
    asm volatile("iocsrwr.w %0, %1" : : "r"(value), "r"(where) : "memory");
}
void write64(uint64_t where, uint64_t value) {
    asm volatile("iocsrwr.d %0, %1" : : "r"(value), "r"(where) : "memory");
}

void spin(unsigned times) {
    for (unsigned i = 0; i < times; ++i) asm volatile("nop");
}

void identification() {
    line("features", read32(0x8));
    line("vendor", read64(0x10));
    line("cpu name", read64(0x20));
    line("functions", read64(0x420));
    line("unknown", read32(0x7000));
}

void own_interrupts() {
    write32(ipi_clear, ~uint64_t{0});
    write32(ipi_enable, 0);
    line("status at first", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_enable, 0xf0f0'f0f0);
    line("enable", read32(ipi_enable));
    write32(ipi_set, 0x10);
    line("set", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_set, 0x1);
    line("set what is not enabled", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_clear, 0x10);
    line("cleared", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_clear, 0x1);
    line("all cleared", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_send, blocking | 5);
    line("sent to itself", read32(ipi_status), csr<estat>() & ipi_line);
    write32(ipi_clear, 0x20);
    write32(ipi_send, 31);
    line("vector 31", read32(ipi_status) & 0xffff'ffff, csr<estat>() & ipi_line);
    csr<ecfg>(ipi_line);
    report("interrupt", spin_interrupt, 4);
    write32(ipi_clear, ~uint64_t{0});
    line("after it", read32(ipi_status), csr<estat>() & ipi_line);
    csr<ecfg>(0);
    line("clear and set read", read32(ipi_clear), read32(ipi_set));
}

void own_mailboxes() {
    for (uint64_t i = 0; i < 4; ++i) write64(mailbox + 8 * i, 0x1111'2222'3333'4440 + i);
    for (uint64_t i = 0; i < 4; ++i) line("mailbox", read64(mailbox + 8 * i));
    line("halves", read32(mailbox + 8), read32(mailbox + 12));
    write32(mailbox + 4, 0x5555'6666);
    line("upper half written", read64(mailbox));
    // Mail: byte mask in bits 30:27, CPU in 25:16, box and half in 4:2.
    write64(mailbox, ~uint64_t{0});
    write64(mail_send, blocking | uint64_t{0xaabb'ccdd} << 32);
    line("mail, lower half", read64(mailbox));
    write64(mail_send, blocking | 1 << 2 | uint64_t{0x1234'5678} << 32);
    line("mail, upper half", read64(mailbox));
    write64(mail_send, blocking | 2 << 2 | uint64_t{0b0101} << 27 | uint64_t{0x9999'9999} << 32);
    line("mail with a mask", read64(mailbox + 8));
}

void widths() {
    write64(mailbox, 0x8182'8384'8586'8788);
    line("widths", read64(mailbox), read32(mailbox), read16(mailbox), read8(mailbox));
}

volatile uint64_t answer, question;

void second_cpu() {
    answer = csr<cpuid>() << 8 | 1;
    write32(ipi_enable, ~uint64_t{0});
    write32(ipi_clear, ~uint64_t{0});
    // Three rounds: an interrupt with a question, an answer in memory and in a mailbox.
    for (int i = 0; i < 3; ++i) {
        while ((read32(ipi_status) & 2) == 0) {
        }
        write32(ipi_clear, 2);
        asm volatile("dbar 0" ::: "memory");
        answer = question * 3;
        write64(mail_send, blocking | 4 << 2 | question << 32);
        write32(ipi_send, blocking | 7);
    }
    // And one that ends its idle.
    csr<ecfg>(ipi_line);
    while ((read32(ipi_status) & 2) == 0) idle_once();
    answer = 0x1d1e;
    write32(ipi_send, blocking | 7);
    for (;;) idle_once();
}

void other_cpu() {
    secondary_program = second_cpu;
    const uint64_t entry = physical(reinterpret_cast<const void*>(&secondary_start));
    // As Linux starts one: address into its mailbox 0, then an interrupt. Again and again, as the
    // other CPU may not have come to where it looks.
    while (answer == 0) {
        write64(mail_send, blocking | 1 << 2 | 1 << 16 | entry >> 32 << 32);
        write64(mail_send, blocking | 1 << 16 | entry << 32);
        write32(ipi_send, blocking | 1 << 16);
        spin(1'000'000);
    }
    line("second CPU is up", answer);
    write32(ipi_enable, ~uint64_t{0});
    for (uint64_t i = 0; i < 3; ++i) {
        question = 0x100 + i;
        asm volatile("dbar 0" ::: "memory");
        write32(ipi_send, blocking | 1 << 16 | 1);
        while ((read32(ipi_status) & 1 << 7) == 0) {
        }
        write32(ipi_clear, 1 << 7);
        line("answer", answer, read64(mailbox + 16) & 0xffff'ffff);
    }
    spin(1'000'000);
    write32(ipi_send, blocking | 1 << 16 | 1);
    while ((read32(ipi_status) & 1 << 7) == 0) {
    }
    line("answer after idle", answer);
    write32(ipi_clear, 1 << 7);
    write32(ipi_send, blocking | 9 << 16 | 1);
    line("to a CPU that is not there", read32(ipi_status));
}

void extended_controller() {
    constexpr uint64_t node_map = 0x14a0, ip_map = 0x14c0, enable = 0x1600, bounce = 0x1680,
                       status = 0x1800, core_map = 0x1c00;
    for (uint64_t i = 0; i < 4; ++i) write64(enable + 8 * i, ~uint64_t{0});
    line("EIOINTC enable", read64(enable), read64(enable + 24));
    for (uint64_t i = 0; i < 4; ++i) write64(enable + 8 * i, 0);
    line("EIOINTC disabled", read64(enable));
    write64(bounce, 0x1234);
    line("EIOINTC bounce", read64(bounce));
    write64(bounce, 0);
    write64(ip_map, 0x0807'0402'0101'0201);
    line("EIOINTC lines", read64(ip_map));
    write64(ip_map, 0);
    write32(node_map, 0x0002'0001);
    line("EIOINTC nodes", read32(node_map));
    write64(core_map, 0x0101'0101'0101'0101);
    line("EIOINTC cores", read64(core_map));
    write64(core_map, 0);
    line("EIOINTC status", read64(status));
}

/// UART, PCH-PIC, EIOINTC, CPU: its transmitter is empty, which it says when allowed to.
void device_interrupt() {
    constexpr uint64_t pic = 0x1000'0000, uart = 0x1fe0'01e0, pin = 2, vector = 2 + 16;
    constexpr uint64_t mask = pic + 0x20, messages = pic + 0x40, edge = pic + 0x60,
                       clear = pic + 0x80, vectors = pic + 0x200, request = pic + 0x380,
                       in_service = pic + 0x3a0, identity = pic;
    constexpr uint64_t hardware_3 = 1 << (2 + 3);
    line("PCH-PIC pins", mmio<uint64_t>(identity) >> 48 & 0xff);
    mmio<uint64_t>(mask) = ~uint64_t{0};
    line("PCH-PIC mask", mmio<uint64_t>(mask));
    mmio<uint64_t>(edge) = 0;
    mmio<uint64_t>(messages) = ~uint64_t{0};
    line("PCH-PIC messages", mmio<uint64_t>(messages));
    mmio<uint8_t>(vectors + pin) = vector;
    line("PCH-PIC vector", mmio<uint8_t>(vectors + pin));
    mmio<uint64_t>(clear) = ~uint64_t{0};
    write64(0x14c0, 0x0808'0808'0808'0808);  // every group to line 3
    write64(0x1c00 + 16, 0x0101'0101'0101'0101);
    write64(0x1600, uint64_t{1} << vector);
    mmio<uint8_t>(uart + 1) = 2;  // THRE interrupt
    line("masked: CPU", csr<estat>() & 0x3fc);
    mmio<uint64_t>(mask) = ~(uint64_t{1} << pin);
    spin(1000);
    const uint64_t lines = csr<estat>() & 0x3fc, isr = read64(0x1800) & uint64_t{1} << vector,
                   pins = mmio<uint32_t>(request) & 1 << pin,
                   served = mmio<uint32_t>(in_service) & 1 << pin;
    mmio<uint8_t>(uart + 1) = 0;  // printing makes it come and go
    line("on: CPU", lines);
    line("on: EIOINTC", isr);
    line("on: PCH-PIC", pins, served);
    csr<ecfg>(hardware_3);
    write64(0x1800, uint64_t{1} << vector);
    line("acknowledged: EIOINTC", read64(0x1800) & uint64_t{1} << vector);
    line("acknowledged: CPU", csr<estat>() & 0x3fc);
    csr<ecfg>(0);
    mmio<uint64_t>(mask) = ~uint64_t{0};
}

}  // namespace

void program() {
    identification();
    own_interrupts();
    own_mailboxes();
    widths();
    extended_controller();
    device_interrupt();
    other_cpu();
}
