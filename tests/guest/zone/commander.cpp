// SPDX-License-Identifier: GPL-2.0-or-later
// The control zone: sends typed lines to the hypervisor and prints the answers. By itself it knows
// `cycle NAME HEIR COUNT`: starts, resets, pauses and stops a zone again and again, now and then
// another one instead, and looks whether all memory comes back. Both are victims (victim.cpp),
// which look at their memory when they start.
#include "bare/zone.hpp"

namespace {

char typed[128];

/// Takes the next word off `text`.
const char* next_word(char*& text) {
    const char* const word = text;
    while (*text != 0 && *text != ' ') ++text;
    if (*text != 0) *text++ = 0;
    return word;
}

/// Whether the zone gets into the state, and not into the one where nothing more comes from.
bool wait_for(const char* zone, const char* state) {
    for (;;) {
        const char* const reply = control("stat", zone);
        if (find(reply, state) != nullptr) return true;
        if (find(reply, "\"parked\"") != nullptr) return false;
    }
}

uint64_t calls_of(const char* zone) {
    return number(find(control("stat", zone), "\"hypercall\":"));
}

/// Has the victim live once more, until it has looked at its memory: then it makes a hypercall.
bool live(const char* verb, const char* zone) {
    const uint64_t before = calls_of(zone);
    control(verb, zone);
    while (calls_of(zone) == before) {
        if (find(control("stat", zone), "\"parked\"") != nullptr) return false;
    }
    return true;
}

struct Pool {
    uint64_t free, pieces;
};
bool stop(const char* zone, Pool& pool) {
    control("stop", zone);
    if (!wait_for(zone, "\"stopped\"")) return false;
    const char* const reply = control("stat", zone);
    pool = {number(find(reply, "\"free_bytes\":")), number(find(reply, "\"pieces\":"))};
    return true;
}

/// What is wrong; null: nothing.
const char* cycle(const char* zone, const char* heir, uint64_t count) {
    constexpr uint64_t inherited_every = 10;
    Pool before{};
    if (!stop(zone, before) || before.free == 0) return "it does not stop";
    for (uint64_t i = 0; i < count; ++i) {
        const bool inherits = i % inherited_every == inherited_every - 1;
        const char* const name = inherits ? heir : zone;
        if (!live("start", name)) return "it does not start";
        if (i % 3 == 1) {
            control("pause", name);
            if (!wait_for(name, "\"paused\"")) return "it does not pause";
            if (i % 2 == 1) control("resume", name);
        } else if (i % 3 == 2) {
            if (!live("reset", name)) return "it is not reset";
        }
        Pool after{};
        if (!stop(name, after)) return "it does not stop any more";
        if (after.free != before.free || after.pieces != before.pieces) return "memory is lost";
    }
    return live("start", zone) ? nullptr : "it does not start at the end";
}

void read_line() {
    size_t size = 0;
    for (;;) {
        const char c = get();
        if (c == '\r' || c == '\n') break;
        if (size < sizeof(typed) - 1) typed[size++] = c;
    }
    typed[size] = 0;
}

}  // namespace

void program() {
    say("commander is ready\n");
    for (;;) {
        read_line();
        if (typed[0] == 0) continue;
        char* rest = typed;
        if (find(typed, "cycle ") != nullptr) {
            next_word(rest);
            const char* const zone = next_word(rest);
            const char* const heir = next_word(rest);
            const uint64_t count = number(next_word(rest));
            const char* const wrong = cycle(zone, heir, count);
            say(wrong == nullptr ? "done, nothing is lost" : wrong);
            say("\n");
        } else if (const char* const answer = control(typed); *answer != 0) {
            say(answer);
        } else {
            say("refused\n");
        }
    }
}
