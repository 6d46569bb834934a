// SPDX-License-Identifier: GPL-2.0-or-later
#include "bare/zone.hpp"

namespace {

char reply[0x4000];

/// EFI system table, UEFI 2.10 §4.3, and LoongArch Linux' boot memory map.
constexpr uint64_t table_count = 104, tables = 112, table_size = 24;
constexpr uint64_t map_guid[2] = {0x423a'd08b'800f'683f, 0xb4e2'6f3c'5c96'93a2};
constexpr uint64_t map_descriptors = 40, conventional = 7;
constexpr uint64_t pattern = 0x5ec4'e75e'c4e7'5ec4;

template<class T>
T boot_data(uint64_t address) {
    return *reinterpret_cast<const T*>(cached(address));
}

/// Physical address of the memory map; 0: there is none.
uint64_t memory_map() {
    const uint64_t system = boot_arguments[2];
    for (uint64_t i = 0; i < boot_data<uint64_t>(system + table_count); ++i) {
        const uint64_t table = boot_data<uint64_t>(system + tables) + i * table_size;
        if (boot_data<uint64_t>(table) == map_guid[0] &&
            boot_data<uint64_t>(table + 8) == map_guid[1]) {
            return boot_data<uint64_t>(table + 16);
        }
    }
    return 0;
}

}  // namespace

int64_t hypercall(uint64_t number, uint64_t first, uint64_t second, uint64_t third,
                  uint64_t fourth) {
    register uint64_t a0 asm("a0") = number;
    register uint64_t a1 asm("a1") = first;
    register uint64_t a2 asm("a2") = second;
    register uint64_t a3 asm("a3") = third;
    register uint64_t a4 asm("a4") = fourth;
    // hvcl 0x200; assemblers know it only with LVZ.
    asm volatile(".word 0x002b8200" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4) : "memory");
    return static_cast<int64_t>(a0);
}

void say(const char* text) {
    constexpr uint64_t most = 1024;
    while (*text != 0) {
        uint64_t size = 0;
        while (size < most && text[size] != 0) ++size;
        hypercall(console_call, physical(text), size);
        text += size;
    }
}

const char* control(const char* verb, const char* zone) {
    char line[128];
    uint64_t size = 0;
    while (*verb != 0 && size < sizeof(line) - 1) line[size++] = *verb++;
    if (*zone != 0) line[size++] = ' ';
    while (*zone != 0 && size < sizeof(line)) line[size++] = *zone++;
    const int64_t answer =
        hypercall(control_call, physical(line), size, physical(reply), sizeof(reply) - 1);
    reply[answer > 0 ? answer : 0] = 0;
    return reply;
}

const char* find(const char* text, const char* what) {
    for (; text != nullptr && *text != 0; ++text) {
        uint64_t i = 0;
        while (what[i] != 0 && text[i] == what[i]) ++i;
        if (what[i] == 0) return text + i;
    }
    return nullptr;
}

uint64_t number(const char* text) {
    uint64_t value = 0;
    while (text != nullptr && *text >= '0' && *text <= '9') {
        value = value * 10 + static_cast<uint64_t>(*text++ - '0');
    }
    return value;
}

void reset() {
    constexpr uint64_t reset_register = 0x100e001e, reset_value = 0x42;
    for (;;) mmio<uint8_t>(reset_register) = reset_value;
}

uint64_t ticks() {
    uint64_t value;
    asm volatile("rdtime.d %0, $zero" : "=r"(value) : : "memory");
    return value;
}

FreeMemory look_and_soil() {
    FreeMemory seen;
    const uint64_t map = memory_map();
    if (map == 0) return seen;
    const auto map_size = boot_data<uint64_t>(map);
    const auto descriptor_size = boot_data<uint64_t>(map + 8);
    for (uint64_t at = 0; at < map_size; at += descriptor_size) {
        const uint64_t descriptor = map + map_descriptors + at;
        if (boot_data<uint32_t>(descriptor) != conventional) continue;
        const uint64_t start = boot_data<uint64_t>(descriptor + 8);
        const uint64_t size = boot_data<uint64_t>(descriptor + 24) << 12;
        seen.bytes += size;
        auto* const words = reinterpret_cast<volatile uint64_t*>(cached(start));
        for (uint64_t i = 0; i < size / 8; ++i) {
            if (words[i] != 0 && seen.first_set == 0) seen.first_set = start + i * 8;
            words[i] = pattern;
        }
    }
    return seen;
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
