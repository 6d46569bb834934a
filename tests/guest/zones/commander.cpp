// SPDX-License-Identifier: GPL-2.0-or-later
// The control zone: sends typed lines to the hypervisor and prints the answers. By itself it knows
// `cycle NAME COUNT`: starts and stops a zone and looks whether all memory comes back.
#include "bare_zone.hpp"

namespace {

char line[256];
char reply[0x4000];

const char* find(const char* text, const char* what) {
    for (; *text != 0; ++text) {
        size_t i = 0;
        while (what[i] != 0 && text[i] == what[i]) ++i;
        if (what[i] == 0) return text + i;
    }
    return nullptr;
}

size_t length(const char* text) {
    size_t size = 0;
    while (text[size] != 0) ++size;
    return size;
}

/// The answer is in `reply`, with a NUL behind it.
int64_t ask(const char* text) {
    const int64_t size =
        hypercall(2, physical(text), length(text), physical(reply), sizeof(reply) - 1);
    reply[size > 0 ? size : 0] = 0;
    return size;
}

void ask(const char* verb, const char* name) {
    char text[128];
    size_t size = 0;
    while (*verb != 0) text[size++] = *verb++;
    text[size++] = ' ';
    while (*name != 0 && size < sizeof(text) - 1) text[size++] = *name++;
    text[size] = 0;
    ask(text);
}

uint64_t number(const char* text) {
    uint64_t value = 0;
    while (text != nullptr && *text >= '0' && *text <= '9') value = value * 10 + (*text++ - '0');
    return value;
}

bool wait_for(const char* name, const char* state) {
    for (uint64_t tries = 0; tries < 10'000'000; ++tries) {
        ask("stat", name);
        if (find(reply, state) != nullptr) return true;
    }
    return false;
}

void cycle(char* arguments) {
    char* name = arguments;
    while (*arguments != 0 && *arguments != ' ') ++arguments;
    if (*arguments != 0) *arguments++ = 0;
    const uint64_t count = number(arguments);
    uint64_t free_before = 0;
    uint64_t pieces_before = 0;
    for (uint64_t i = 0; i <= count; ++i) {
        ask("stop", name);
        if (!wait_for(name, "\"stopped\"")) return put("it does not stop\n");
        const uint64_t free = number(find(reply, "\"free_bytes\":"));
        const uint64_t pieces = number(find(reply, "\"pieces\":"));
        if (i == 0) {
            free_before = free;
            pieces_before = pieces;
        } else if (free != free_before || pieces != pieces_before) {
            return put("memory is lost\n");
        }
        ask("start", name);
        if (!wait_for(name, "\"running\"")) return put("it does not start\n");
        if (i % 3 == 1) {
            ask("pause", name);
            if (!wait_for(name, "\"paused\"")) return put("it does not pause\n");
            if (i % 2 == 1) ask("resume", name);
        } else if (i % 3 == 2) {
            ask("reset", name);
            if (!wait_for(name, "\"running\"")) return put("it is not reset\n");
        }
    }
    put("done ");
    put_number(count);
    put(" cycles, nothing is lost\n");
}

}  // namespace

extern "C" void program() {
    put("commander is ready\n");
    for (;;) {
        size_t size = 0;
        for (;;) {
            const char c = get();
            if (c == '\r' || c == '\n') break;
            if (size < sizeof(line) - 1) line[size++] = c;
        }
        line[size] = 0;
        if (size == 0) continue;
        if (char* arguments = const_cast<char*>(find(line, "cycle "))) {
            cycle(arguments);
        } else if (ask(line) < 0) {
            put("refused\n");
        } else {
            put(reply);
        }
    }
}
