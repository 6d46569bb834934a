// SPDX-License-Identifier: GPL-2.0-or-later
// A zone with a shared-memory region at 0x140000000 that sleeps until it is rung. It adds one to
// the word at offset 8, changes the byte at offset 0 as a keyboard would (a code, bit 7: released)
// and rings whoever rang. docs/zone-devices.md.
#include "bare/zone.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t region = 0x1'4000'0000, value_offset = 8;
constexpr uint64_t virtio = 0x16000000, slot_size = 0x200, slots = 20;
constexpr uint64_t magic_register = 0, ring_register = 0x10, rung_register = 0x14;
constexpr uint32_t magic = 0x4d534b4c;
constexpr uint8_t key_code = 84, released = 0x80;

constexpr uint64_t pch_pic = 0x10000000, pic_mask = pch_pic + 0x20, pic_edge = pch_pic + 0x60,
                   pic_clear = pch_pic + 0x80, pic_vectors = pch_pic + 0x200;
constexpr uint64_t eiointc_enable = 0x1600, eiointc_status = 0x1800;
constexpr uint64_t hwi0_line = 1 << 2, interrupts_on = 1 << 2;

uint64_t doorbell, pin;

bool find_doorbell() {
    for (uint64_t slot = 0; slot < slots; ++slot) {
        doorbell = virtio + slot * slot_size;
        pin = slot < 8 ? 8 + slot : 12 + slot;
        if (mmio<uint32_t>(doorbell + magic_register) == magic) return true;
    }
    return false;
}

/// The pin's rising edge is the vector of the same number, which is the CPU's first line.
void route_interrupt() {
    mmio<uint8_t>(pic_vectors + pin) = static_cast<uint8_t>(pin);
    mmio<uint64_t>(pic_edge) = uint64_t{1} << pin;
    iocsr_write(eiointc_enable, uint32_t{1} << pin);
    mmio<uint64_t>(pic_mask) = ~(uint64_t{1} << pin);
    csr<ecfg>(hwi0_line);
}

}  // namespace

void program() {
    if (!find_doorbell()) {
        put("there is no doorbell\n");
        return;
    }
    route_interrupt();
    auto* const key = reinterpret_cast<volatile uint8_t*>(cached(region));
    auto* const value = reinterpret_cast<volatile uint32_t*>(cached(region + value_offset));
    put("bell is ready\n");
    for (;;) {
        // Comes back by the exception that the interrupt is.
        probe(wait_interrupt, interrupts_on);
        mmio<uint64_t>(pic_clear) = uint64_t{1} << pin;
        iocsr_write(eiointc_status, uint32_t{1} << pin);
        const uint32_t ringers = mmio<uint32_t>(doorbell + rung_register);
        mmio<uint32_t>(doorbell + rung_register) = ringers;
        put("rung by ");
        put_hex(ringers);
        put('\n');
        *value = *value + 1;
        *key = *key == key_code ? key_code | released : key_code;
        mmio<uint32_t>(doorbell + ring_register) = ringers;
    }
}
