// SPDX-License-Identifier: GPL-2.0-or-later
// The constant timer, the stable counter and idle. LA Vol.1 §7.6, §2.2.10.4. Lines say whether
// something holds, never how long it took.
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t enabled = 1, periodic = 2, timer_line = 1 << 11;
constexpr uint64_t second = 100'000'000;  // 100 MHz on both machines

uint64_t now() {
    uint64_t value;
    asm volatile("rdtime.d %0, $zero" : "=r"(value));
    return value;
}
bool pending() {
    return (csr<estat>() & timer_line) != 0;
}
/// Whether the timer's line came on within ten seconds: hosts stand still now and then.
bool comes() {
    const uint64_t start = now();
    while (now() - start < 10 * second) {
        if (pending()) return true;
    }
    return pending();
}
void wait(uint64_t ticks) {
    const uint64_t start = now();
    while (now() - start < ticks) {
    }
}
void clear() {
    csr<ticlr>(1);
}

void counter() {
    uint64_t last = now();
    bool forward = true;
    for (int i = 0; i < 1000; ++i) {
        const uint64_t next = now();
        forward = forward && next >= last;
        last = next;
    }
    line("time goes forward", forward);
    csr<tid>(0x12345);
    uint64_t identity, low, high;
    asm volatile("rdtime.d $zero, %0" : "=r"(identity));
    line("rdtime's second result", identity);
    const uint64_t before = now();
    asm volatile("rdtimel.w %0, $zero\n rdtimeh.w %1, $zero" : "=r"(low), "=r"(high));
    const uint64_t after = now();
    line("rdtimel is sign-extended", static_cast<uint64_t>(static_cast<int32_t>(low)) == low);
    line("rdtimel lies between",
         (static_cast<uint32_t>(low) - before & 0xffff'ffff) <= after - before);
    line("rdtimeh is the upper half",
         high == static_cast<uint64_t>(static_cast<int32_t>(after >> 32)));
    csr<cntc>(uint64_t{1} << 40);
    line("cntc is added", now() - after >= uint64_t{1} << 40, now() - after < 3ull << 39);
    csr<cntc>(0);
    line("and taken away", now() - after < uint64_t{1} << 39);
    csr<tid>(csr<cpuid>());
}

void one_shot() {
    clear();
    line("nothing is pending", pending());
    csr<tcfg>(second / 1000 | enabled);
    line("tcfg", csr<tcfg>());
    line("fires", comes());
    line("only its line", csr<estat>() & 0x1fff);
    line("ticlr reads", csr<ticlr>());
    csr<ticlr>(0);
    line("ticlr of 0 clears nothing", pending());
    clear();
    line("cleared", pending());
    wait(second / 200);
    line("fires once", pending());
    csr<tcfg>(10 * second | enabled);
    const uint64_t first = csr<tval>();
    wait(second / 1000);
    const uint64_t later = csr<tval>();
    line("tval starts below", first <= 10 * second, first > 5 * second);
    line("tval counts down", later < first, first - later >= second / 1000);
    csr<tcfg>(0);
    line("off: tcfg", csr<tcfg>());
    clear();
    wait(second / 1000);
    line("off: pending", pending());
    // A new value starts anew.
    csr<tcfg>(10 * second | enabled);
    csr<tcfg>(second / 1000 | enabled);
    line("a new value counts", comes());
    clear();
}

void repeated() {
    const uint64_t start = now();
    csr<tcfg>(second / 1000 | enabled | periodic);
    line("periodic tcfg", csr<tcfg>());
    int seen = 0;
    for (int i = 0; i < 5; ++i) {
        seen += comes();
        clear();
    }
    const uint64_t took = now() - start;
    line("periodic fires", seen);
    line("not too early", took >= 4 * (second / 1000));
    // Read between its end and the new start it may be anything on QEMU.
    bool below = false;
    for (int i = 0; i < 1000; ++i) below = below || csr<tval>() <= second / 1000;
    line("tval is below the period", below);
    csr<tcfg>(0);
    clear();
}

void interrupts() {
    csr<tcfg>(second / 1000 | enabled);
    line("masked by LIE", comes());
    report("not taken while masked", do_rdtime);
    csr<ecfg>(timer_line);
    // Pending and let in: taken at once.
    report("pending interrupt", spin_interrupt, 4);
    clear();
    csr<tcfg>(second / 1000 | enabled);
    report("interrupt of a loop", spin_interrupt, 4);
    clear();
    // Long enough to be asleep before.
    csr<tcfg>(second / 4 | enabled);
    report("interrupt of idle", wait_interrupt, 4);
    clear();
    // idle with CRMD.IE = 0 ends too, without an exception.
    csr<tcfg>(second / 1000 | enabled);
    idle_once();
    line("idle without IE", pending());
    idle_once();
    line("idle while pending", pending());
    clear();
    // At PLV 3.
    csr<tcfg>(second / 1000 | enabled);
    report("interrupt at level 3", user_interrupt);
    clear();
    csr<eentry>(address_of(vector_table));
    csr<ecfg>(timer_line | 3 << 16);
    csr<tcfg>(second / 1000 | enabled);
    vector_taken = 0;
    report("vectored interrupt", spin_interrupt, 4);
    line("vector", (vector_taken - address_of(vector_table)) / 32);
    csr<eentry>(address_of(general_entry));
    csr<ecfg>(0);
    csr<tcfg>(0);
    clear();
}

}  // namespace

void program() {
    counter();
    one_shot();
    repeated();
    interrupts();
}
