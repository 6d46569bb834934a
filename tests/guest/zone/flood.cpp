// SPDX-License-Identifier: GPL-2.0-or-later
// A zone whose two CPUs leave the guest all the time, for everything that makes work for the
// hypervisor: text, control lines, interrupts, device registers, and queues full of the longest
// requests that there are.
#include "bare/zone.hpp"

namespace {

constexpr uint64_t pch_pic = 0x1000'0000, virtio = 0x1600'0000;
constexpr uint64_t slot_size = 0x200, slots = 4;
constexpr uint32_t net_device = 1, block_device = 2, console_device = 3;
constexpr uint16_t queue_size = 64;
constexpr uint32_t megabyte = 1 << 20;

struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;  ///< 1: more follow, 2: for the device to write
    uint16_t next;
};
struct Queue {
    alignas(4096) Descriptor table[queue_size];
    alignas(4096) volatile uint16_t available[2 + queue_size];
    alignas(4096) volatile uint16_t used[4 + 4 * queue_size];
};
Queue queues[slots];
alignas(4096) uint8_t memory[megabyte];
char text[1024];

volatile uint32_t& device(uint64_t slot, uint64_t offset) {
    return mmio<uint32_t>(virtio + slot * slot_size + offset);
}

void set_address(uint64_t slot, uint64_t offset, const volatile void* where) {
    const uint64_t address = physical(const_cast<const void*>(where));
    device(slot, offset) = static_cast<uint32_t>(address);
    device(slot, offset + 4) = static_cast<uint32_t>(address >> 32);
}

uint32_t request_queue(uint64_t slot) {
    const uint32_t kind = device(slot, 8);
    return kind == net_device || kind == console_device ? 1 : 0;
}

/// Brings up the queue that brings requests. VIRTIO 1.2 §3.1.
void start(uint64_t slot) {
    device(slot, 0x70) = 0;
    device(slot, 0x70) = 3;
    device(slot, 0x24) = 1;
    device(slot, 0x20) = 1;  // VIRTIO_F_VERSION_1
    device(slot, 0x70) = 0xb;
    device(slot, 0x30) = request_queue(slot);
    device(slot, 0x38) = queue_size;
    set_address(slot, 0x80, queues[slot].table);
    set_address(slot, 0x90, queues[slot].available);
    set_address(slot, 0xa0, queues[slot].used);
    device(slot, 0x44) = 1;
    device(slot, 0x70) = 0xf;
}

/// Each ring entry is a request of a few pieces, for the device as bad as can be.
void fill(uint64_t slot) {
    const uint32_t kind = device(slot, 8);
    Queue& queue = queues[slot];
    for (uint16_t i = 0; i < queue_size; ++i) {
        const bool last = i % 4 == 3;
        uint32_t length = megabyte;
        bool writable = true;
        if (kind == net_device) {
            length = last ? 60'000 : 12;
            writable = false;
        } else if (kind == console_device) {
            writable = false;
        } else if (kind == block_device && i % 4 == 0) {
            length = 16;
            writable = false;
        }
        queue.table[i] = {physical(memory), length,
                          static_cast<uint16_t>((last ? 0 : 1) | (writable ? 2 : 0)),
                          static_cast<uint16_t>(i + 1)};
        queue.available[2 + i] = static_cast<uint16_t>(i / 4 * 4);
    }
}

/// Offers all requests again that are done.
void offer(uint64_t slot) {
    Queue& queue = queues[slot];
    queue.available[1] = static_cast<uint16_t>(queue.used[1] + queue_size / 4);
    device(slot, 0x50) = request_queue(slot);
}

void exits() {
    hypercall(console_call, physical(text), sizeof(text));
    hypercall(control_call, physical(text), 16, physical(text), sizeof(text));
    put('x');
    put('\n');
    iocsr_write(0x1040, 1u << 16);
    iocsr_write(0x1040, 0u);
    mmio<uint64_t>(pch_pic + 0x20) = 0;
    asm volatile("cpucfg $t0, $zero" : : : "$t0");
}

[[noreturn]] void flood() {
    for (;;) {
        for (uint64_t slot = 0; slot < slots; ++slot) {
            for (unsigned i = 0; i < 8; ++i) offer(slot);
        }
        exits();
    }
}

[[noreturn]] void second_cpu() {
    flood();
}

}  // namespace

void program() {
    for (uint64_t i = 0; i < sizeof(text); ++i) text[i] = i % 64 == 63 ? '\n' : '.';
    for (uint64_t i = 0; i < 6; ++i) memory[12 + i] = 0xff;  // a frame to everybody
    put("flood begins\n");
    for (uint64_t slot = 0; slot < slots; ++slot) {
        fill(slot);
        start(slot);
    }
    secondary_program = second_cpu;
    const uint64_t entry = physical(reinterpret_cast<const void*>(secondary_start));
    iocsr_write(0x1048, (entry >> 32) << 32 | 1 << 16 | 1 << 2);
    iocsr_write(0x1048, entry << 32 | 1 << 16);
    iocsr_write(0x1040, 1u << 16);
    flood();
}
