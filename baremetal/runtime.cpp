// SPDX-License-Identifier: GPL-2.0-or-later
// What the compiler and libfdt expect of a C library.
#include <cstddef>

#include <lkvm/assert.hpp>

extern "C" {

void* memcpy(void*, const void*, std::size_t);
[[noreturn]] void __stack_chk_fail();
extern std::size_t __stack_chk_guard;
void* memmove(void*, const void*, std::size_t);
void* memset(void*, int, std::size_t);
int memcmp(const void*, const void*, std::size_t);
void* memchr(const void*, int, std::size_t);
std::size_t strnlen(const char*, std::size_t);
std::size_t strlen(const char*);
char* strchr(const char*, int);
char* strrchr(const char*, int);
unsigned long __isoc23_strtoul(const char*, char**, int);
[[noreturn]] void abort();

/// Eight bytes anywhere: CPUs with LVZ take unaligned words. Volatile, lest the compiler make calls
/// of memcpy() out of loops here.
using Word [[gnu::aligned(1), gnu::may_alias]] = volatile std::size_t;
constexpr std::size_t word_size = sizeof(std::size_t);

/// Upwards; what is read is read before anything at or above it is written.
void* memcpy(void* to, const void* from, std::size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    const auto load = [&in](std::size_t n) { return reinterpret_cast<const Word*>(in)[n]; };
    const auto store = [&out](std::size_t n, std::size_t w) {
        reinterpret_cast<Word*>(out)[n] = w;
    };
    for (; size >= 4 * word_size; size -= 4 * word_size) {
        const std::size_t first = load(0);
        const std::size_t second = load(1);
        const std::size_t third = load(2);
        const std::size_t fourth = load(3);
        store(0, first);
        store(1, second);
        store(2, third);
        store(3, fourth);
        out += 4 * word_size;
        in += 4 * word_size;
    }
    for (; size >= word_size; size -= word_size) {
        store(0, load(0));
        out += word_size;
        in += word_size;
    }
    for (; size != 0; --size) *reinterpret_cast<volatile unsigned char*>(out++) = *in++;
    return to;
}

void* memmove(void* to, const void* from, std::size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    const auto* in = static_cast<const unsigned char*>(from);
    if (out <= in || out >= in + size) return memcpy(to, from, size);
    while (size-- != 0) *reinterpret_cast<volatile unsigned char*>(out + size) = in[size];
    return to;
}

void* memset(void* to, int value, std::size_t size) {
    auto* out = static_cast<unsigned char*>(to);
    const auto byte = static_cast<unsigned char>(value);
    const std::size_t word = byte * std::size_t{0x0101010101010101};
    const auto store = [&out, word](std::size_t n) { reinterpret_cast<Word*>(out)[n] = word; };
    for (; size >= 4 * word_size; size -= 4 * word_size, out += 4 * word_size) {
        store(0);
        store(1);
        store(2);
        store(3);
    }
    for (; size >= word_size; size -= word_size, out += word_size) store(0);
    for (; size != 0; --size) *reinterpret_cast<volatile unsigned char*>(out++) = byte;
    return to;
}

int memcmp(const void* a, const void* b, std::size_t size) {
    const auto* x = static_cast<const unsigned char*>(a);
    const auto* y = static_cast<const unsigned char*>(b);
    for (std::size_t i = 0; i < size; ++i) {
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    }
    return 0;
}

void* memchr(const void* where, int value, std::size_t size) {
    const auto* in = static_cast<const unsigned char*>(where);
    for (std::size_t i = 0; i < size; ++i) {
        // The result has the constness that the caller's pointer had.
        if (in[i] == static_cast<unsigned char>(value)) return const_cast<unsigned char*>(in + i);
    }
    return nullptr;
}

std::size_t strnlen(const char* text, std::size_t most) {
    std::size_t length = 0;
    while (length < most && *static_cast<const volatile char*>(text + length) != 0) ++length;
    return length;
}

std::size_t strlen(const char* text) {
    return strnlen(text, static_cast<std::size_t>(-1));
}

char* strchr(const char* text, int value) {
    for (;; ++text) {
        if (*text == static_cast<char>(value)) return const_cast<char*>(text);  // as memchr()
        if (*text == 0) return nullptr;
    }
}

char* strrchr(const char* text, int value) {
    char* found = nullptr;
    for (;; ++text) {
        if (*text == static_cast<char>(value)) found = const_cast<char*>(text);  // as memchr()
        if (*text == 0) return found;
    }
}

// Debian's libfdt is built with stack protection.
std::size_t __stack_chk_guard = 0x5bd1e995a3c59ac3;
void __stack_chk_fail() {
    LKVM_PANIC("stack overrun");
}

/// For a variant without a value, which there is none of.
void abort() {
    LKVM_PANIC("abort");
}

/// libfdt parses memory and path numbers with it; base 16 and 10 are all it asks for.
unsigned long __isoc23_strtoul(const char* text, char** end, int base) {
    unsigned long value = 0;
    for (;; ++text) {
        unsigned digit = 99;
        if (*text >= '0' && *text <= '9') digit = static_cast<unsigned>(*text - '0');
        if (*text >= 'a' && *text <= 'f') digit = static_cast<unsigned>(*text - 'a' + 10);
        if (*text >= 'A' && *text <= 'F') digit = static_cast<unsigned>(*text - 'A' + 10);
        if (digit >= static_cast<unsigned>(base)) break;
        value = value * static_cast<unsigned>(base) + digit;
    }
    if (end != nullptr) *end = const_cast<char*>(text);  // as memchr()
    return value;
}

// std::terminate(), where an exception that leaves a noexcept function would go; there are none.
[[noreturn]] void lkvm_zones_terminate() asm("_ZSt9terminatev");
void lkvm_zones_terminate() {
    LKVM_PANIC("terminate");
}

}  // extern "C"
