// SPDX-License-Identifier: GPL-2.0-or-later
// Guest program of `make bench`: loops whose number of instructions is known, timed by the guest's
// own clock. Needs no libc. Prints one line per loop: name, instructions, nanoseconds.

namespace {

using u64 = unsigned long;

long system_call(long number, long a0, long a1, long a2) {
    register long r4 __asm__("a0") = a0;
    register long r5 __asm__("a1") = a1;
    register long r6 __asm__("a2") = a2;
    register long r11 __asm__("a7") = number;
    __asm__ volatile("syscall 0"
                     : "+r"(r4)
                     : "r"(r5), "r"(r6), "r"(r11)
                     : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8");
    return r4;
}

constexpr long sys_write = 64;
constexpr long sys_exit = 93;
constexpr long sys_clock_gettime = 113;

u64 now_ns() {
    u64 time[2] = {};
    system_call(sys_clock_gettime, 1, reinterpret_cast<long>(time), 0);
    return time[0] * 1000000000UL + time[1];
}

void print(const char* text) {
    long length = 0;
    while (text[length] != 0) ++length;
    system_call(sys_write, 1, reinterpret_cast<long>(text), length);
}

void print(u64 number) {
    char digits[24];
    int at = 23;
    digits[at] = 0;
    do {
        digits[--at] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    print(&digits[at]);
}

alignas(64) u64 buffer[8192];  // 64 KiB

// 10 instructions per turn.
void integer_loop(u64 turns) {
    __asm__ volatile(
        "1: add.d $t0, $t1, $t2\n"
        "   xor $t1, $t0, $t3\n"
        "   slli.d $t2, $t1, 3\n"
        "   sub.d $t3, $t2, $t0\n"
        "   or $t4, $t3, $t1\n"
        "   and $t5, $t4, $t2\n"
        "   sltu $t6, $t5, $t0\n"
        "   rotri.d $t3, $t4, 7\n"
        "   addi.d %0, %0, -1\n"
        "   bnez %0, 1b\n"
        : "+r"(turns)
        :
        : "t0", "t1", "t2", "t3", "t4", "t5", "t6");
}

// 11 instructions per turn, 6 of them loads and stores; walks 64 KiB.
void memory_loop(u64 turns) {
    __asm__ volatile(
        "   move $t0, $zero\n"
        "1: add.d $t1, %1, $t0\n"
        "   ld.d $t2, $t1, 0\n"
        "   ld.w $t3, $t1, 8\n"
        "   st.d $t2, $t1, 16\n"
        "   ld.bu $t4, $t1, 27\n"
        "   st.w $t3, $t1, 32\n"
        "   st.b $t4, $t1, 41\n"
        "   bstrpick.d $t0, $t1, 15, 6\n"
        "   addi.d %0, %0, -1\n"
        "   slli.d $t0, $t0, 6\n"
        "   bnez %0, 1b\n"
        : "+r"(turns)
        : "r"(buffer)
        : "t0", "t1", "t2", "t3", "t4", "memory");
}

// 10 instructions per turn, 8 of them floating point in double and single precision.
void floating_loop(u64 turns) {
    __asm__ volatile(
        "   movgr2fr.d $fa0, $zero\n"
        "   addi.d $t0, $zero, 3\n"
        "   movgr2fr.d $fa1, $t0\n"
        "   ffint.d.l $fa1, $fa1\n"
        "   frecip.d $fa2, $fa1\n"
        "   fcvt.s.d $fa4, $fa1\n"
        "   fcvt.s.d $fa5, $fa2\n"
        "   fcvt.s.d $ft0, $fa2\n"
        "   fmov.d $fa3, $fa2\n"
        "1: fadd.d $fa0, $fa0, $fa2\n"
        "   fmul.d $fa3, $fa0, $fa2\n"
        "   fsub.d $fa6, $fa3, $fa1\n"
        "   fmadd.d $fa0, $fa3, $fa2, $fa1\n"
        "   fmul.s $fa5, $ft0, $fa5\n"
        "   fadd.s $fa5, $fa5, $fa4\n"
        "   fcmp.clt.d $fcc0, $fa0, $fa6\n"
        "   fsel $fa7, $fa0, $fa6, $fcc0\n"
        "   addi.d %0, %0, -1\n"
        "   bnez %0, 1b\n"
        : "+r"(turns)
        :
        : "t0", "$f0", "$f1", "$f2", "$f3", "$f4", "$f5", "$f6", "$f7", "$f8", "$fcc0");
}

// 10 instructions per turn, 8 of them on 128-bit vectors.
void vector_loop(u64 turns) {
    __asm__ volatile(
        "   vldi $vr1, 5\n"
        "   vldi $vr2, 3\n"
        "   vldi $vr3, 1\n"
        "1: vadd.w $vr0, $vr1, $vr2\n"
        "   vxor.v $vr1, $vr0, $vr3\n"
        "   vmul.h $vr2, $vr1, $vr0\n"
        "   vslli.d $vr3, $vr2, 3\n"
        "   vshuf4i.w $vr4, $vr3, 27\n"
        "   vmax.bu $vr3, $vr4, $vr2\n"
        "   vsub.b $vr5, $vr3, $vr1\n"
        "   vseq.w $vr6, $vr5, $vr0\n"
        "   addi.d %0, %0, -1\n"
        "   bnez %0, 1b\n"
        : "+r"(turns)
        :
        : "$vr0", "$vr1", "$vr2", "$vr3", "$vr4", "$vr5", "$vr6");
}

struct Loop {
    const char* name;
    void (*run)(u64 turns);
    u64 instructions;  // per turn
};

// Doubles the number of turns until a run is long enough to be timed well.
void measure(const Loop& loop) {
    constexpr u64 enough_ns = 1000000000;
    for (u64 turns = 100000;; turns *= 2) {
        const u64 start = now_ns();
        loop.run(turns);
        const u64 took = now_ns() - start;
        if (took < enough_ns) continue;
        print("loop ");
        print(loop.name);
        print(" ");
        print(turns * loop.instructions);
        print(" ");
        print(took);
        print("\n");
        return;
    }
}

}  // namespace

extern "C" [[noreturn]] void _start() {
    static constexpr Loop loops[] = {
        {"integer", integer_loop, 10},
        {"memory", memory_loop, 11},
        {"floating", floating_loop, 10},
        {"vector", vector_loop, 10},
    };
    for (const Loop& loop : loops) measure(loop);
    for (;;) system_call(sys_exit, 0, 0, 0);
}
