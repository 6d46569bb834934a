// SPDX-License-Identifier: GPL-2.0-or-later
// A control zone with two CPUs that leaves the guest on purpose, each time for one reason, and asks
// the hypervisor what that cost it. Prints lines of "key value".
#include "bare/zone.hpp"

using namespace csr_number;

extern "C" {
/// meter_entry.S: what CPU 0 and CPU 1 do with interrupts.
extern const char device_entry[], ipi_entry[];
volatile uint64_t device_interrupts, ipis;
volatile uint64_t sleeps;  ///< CPU 1 waits for IPIs asleep
}

namespace {

constexpr uint64_t pch_pic = 0x10000000, virtio = 0x16000000;
constexpr uint64_t second_bank = 0xa0000000, second_bank_size = 24 << 20, page_pair = 32 << 10;
constexpr uint64_t hwi0_line = 1 << 2, ipi_line = 1 << 12, interrupts_on = 1 << 2;
constexpr uint64_t rounds = 1000;

void print(const char* key, uint64_t value) {
    put("bench ");
    put(key);
    put(' ');
    put_number(value);
    put('\n');
}

struct Total {
    uint64_t count, instructions;
};
/// Of this zone's exits for `reason`, which comes with quotes and a colon.
Total total(const char* reason) {
    const char* const reply = control("stat", "meter");
    const auto field = [=](const char* table) { return number(find(find(reply, table), reason)); };
    // Only the first table that has it; a reason that never was is in none.
    return {field("\"exits\":{"), field("\"instructions\":{")};
}

/// Prints what an exit for `reason` costs while `piece` runs.
template<class Part>
void measure(const char* key, const char* reason, Part piece) {
    const Total first = total(reason);
    const Total before = total(reason);
    for (uint64_t i = 0; i < rounds; ++i) piece();
    const Total after = total(reason);
    // Asking is a hypercall too.
    const uint64_t asked = before.count - first.count;
    const uint64_t asking = before.instructions - first.instructions;
    const uint64_t count = after.count - before.count - asked;
    if (count < rounds) return put("bench: too few exits\n");
    print(key, (after.instructions - before.instructions - asking) / count);
}

void read_virtio() {
    [[maybe_unused]] const uint32_t value = mmio<uint32_t>(virtio);
}

void simple_exits() {
    measure("cpucfg", "\"cpucfg\":", [] { asm volatile("cpucfg $t0, $zero" : : : "$t0"); });
    measure("csr", "\"csr\":", [] { asm volatile("csrrd $t0, 0xa0" : : : "$t0"); });
    measure("iocsr_read", "\"iocsr\":", [] {
        asm volatile("iocsrrd.w $t0, %0" : : "r"(0x1004) : "$t0");
    });
    measure("iocsr_write", "\"iocsr\":", [] { iocsr_write(0x1600, 0); });
    measure("mmio_uart",
            "\"mmio\":", [] { [[maybe_unused]] const uint8_t value = mmio<uint8_t>(uart + 5); });
    measure("mmio_pic", "\"mmio\":", [] {
        [[maybe_unused]] const uint64_t value = mmio<uint64_t>(pch_pic + 0x20);
    });
    measure("mmio_virtio", "\"mmio\":", read_virtio);
    measure("hypercall", "\"hypercall\":", [] { hypercall(0); });
}

// A virtio-rng, VIRTIO 1.2 §2.7 and §4.2.2.
struct Descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};
alignas(4096) Descriptor table[8];
alignas(4096) volatile uint16_t available[16];
alignas(4096) volatile uint16_t used[64];
uint8_t random[64];

uint64_t rng = virtio;
volatile uint32_t& device(uint64_t offset) {
    return mmio<uint32_t>(rng + offset);
}

void kicks() {
    const auto set_address = [](uint64_t offset, uint64_t address) {
        device(offset) = static_cast<uint32_t>(address);
        device(offset + 4) = static_cast<uint32_t>(address >> 32);
    };
    constexpr uint64_t slot_size = 0x200, slots = 20;
    constexpr uint32_t rng_id = 4;
    while (device(8) != rng_id) {
        rng += slot_size;
        if (rng == virtio + slots * slot_size) return put("bench: no virtio-rng\n");
    }
    device(0x70) = 0;
    device(0x70) = 3;
    device(0x24) = 1;
    device(0x20) = 1;  // VIRTIO_F_VERSION_1
    device(0x70) = 0xb;
    device(0x30) = 0;
    device(0x38) = 8;
    set_address(0x80, physical(table));
    set_address(0x90, physical(const_cast<uint16_t*>(available)));
    set_address(0xa0, physical(const_cast<uint16_t*>(used)));
    device(0x44) = 1;
    device(0x70) = 0xf;
    table[0] = {physical(random), sizeof(random), 2, 0};
    measure("kick_nothing", "\"kick\":", [] { device(0x50) = 0; });
    measure("kick_rng", "\"kick\":", [] {
        available[1] = static_cast<uint16_t>(available[1] + 1);
        device(0x50) = 0;
        while (used[1] != available[1]) {
        }
    });
}

void stage2() {
    const Total before = total("\"hypercall\":");
    for (uint64_t place = 0; place < second_bank_size; place += page_pair) {
        *reinterpret_cast<volatile uint64_t*>(cached(second_bank | place)) = 1;
    }
    const Total middle = total("\"hypercall\":");
    const Total after = total("\"hypercall\":");
    // The two questions cost the same; what is more, the pages did.
    const uint64_t question = after.instructions - middle.instructions;
    const uint64_t cost = middle.instructions - before.instructions;
    print("stage2", cost < question ? 0 : (cost - question) / (second_bank_size / page_pair));
}

/// The UART's line goes up, its handler takes it down.
void device_line() {
    constexpr unsigned uart_pin = 2;
    csr<eentry>(reinterpret_cast<uint64_t>(device_entry));
    iocsr_write(0x1600, 1 << uart_pin);
    mmio<uint8_t>(pch_pic + 0x200 + uart_pin) = uart_pin;
    mmio<uint64_t>(pch_pic + 0x20) = ~(uint64_t{1} << uart_pin);
    csr<ecfg>(hwi0_line);
    csr<crmd>(csr<crmd>() | interrupts_on);
    measure("line_device", "\"mmio\":", [] { mmio<uint8_t>(uart + 1) = 2; });
    csr<crmd>(csr<crmd>() & ~interrupts_on);
    if (device_interrupts < rounds) put("bench: too few interrupts\n");
}

[[noreturn]] void second_cpu() {
    csr<eentry>(reinterpret_cast<uint64_t>(ipi_entry));
    csr<ecfg>(ipi_line);
    iocsr_write(0x1004, ~uint32_t{0});
    csr<crmd>(csr<crmd>() | interrupts_on);
    ipis = 1;  // it is there
    for (;;) {
        if (sleeps != 0) asm volatile("idle 0" : : : "memory");
    }
}

void send_ipi() {
    const uint64_t before = ipis;
    iocsr_write(0x1040, 1 << 16);
    while (ipis == before) {
    }
}

void ipi_exits() {
    const uint64_t entry = physical(reinterpret_cast<const void*>(secondary_start));
    secondary_program = second_cpu;
    const uint64_t high = (entry >> 32) << 32 | 1 << 16 | 1 << 2;
    const uint64_t low = entry << 32 | 1 << 16;
    iocsr_write(0x1048, high);
    iocsr_write(0x1048, low);
    iocsr_write(0x1040, 1 << 16);
    while (ipis == 0) {
    }
    measure("ipi_send", "\"ipi\":", send_ipi);
    measure("ipi_receive", "\"interrupt\":", send_ipi);
    sleeps = 1;
    send_ipi();
    measure("idle_wake", "\"idle\":", send_ipi);
}

uint64_t microseconds(uint64_t time) {
    return time / (ticks_a_second / 1'000'000);
}

bool is_stopped(const char* zone) {
    return find(control("stat", zone), "\"stopped\"") != nullptr;
}

/// Of another zone, which does nothing but write one byte and sleep. It runs at the end.
void zone_start() {
    constexpr unsigned starts = 5;
    if (!is_stopped("sleeper")) return;
    const auto written = [] { return number(find(control("stat", "sleeper"), "\"mmio\":")); };
    uint64_t best = ~uint64_t{0};
    for (unsigned i = 0; i < starts; ++i) {
        if (i != 0) control("stop", "sleeper");
        while (!is_stopped("sleeper")) {
        }
        const uint64_t before = written();
        const uint64_t began = ticks();
        control("start", "sleeper");
        while (written() == before) {
        }
        const uint64_t took = ticks() - began;
        if (took < best) best = took;
    }
    print("start_us", microseconds(best));
}

/// A Debian zone: until its kernel says something, and until its shell prompts.
void debian_start() {
    if (!is_stopped("debian")) return;
    const uint64_t began = ticks();
    const auto wait_until = [=](auto done) {
        for (;;) {
            if (done(control("log", "debian"))) return ticks() - began;
            const uint64_t pause = ticks() + ticks_a_second / 10'000;
            while (ticks() < pause) {
            }
        }
    };
    control("start", "debian");
    print("debian_start_us", microseconds(wait_until([](const char* log) {
              return find(log, "\"log\":\"\"") == nullptr;
          })));
    print("debian_shell_us",
          microseconds(wait_until([](const char* log) { return find(log, "~ # ") != nullptr; })));
}

void memory() {
    const char* const reply = control("stat");
    uint64_t zones = 0;
    uint64_t zone_memory = 0;
    for (const char* at = reply; (at = find(at, "\"memory\":")) != nullptr; ++zones) {
        zone_memory += number(at);
    }
    const uint64_t total = number(find(reply, "\"total_bytes\":"));
    const uint64_t free = number(find(reply, "\"free_bytes\":"));
    print("zones", zones);
    print("pool_used", total - free - zone_memory);
    print("longest_stretch", number(find(reply, "\"longest_stretch\":")));
}

}  // namespace

void program() {
    simple_exits();
    kicks();
    stage2();
    device_line();
    ipi_exits();
    zone_start();
    debian_start();
    memory();
    put("bench done\n");
}
