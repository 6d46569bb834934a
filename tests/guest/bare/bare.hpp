// SPDX-License-Identifier: GPL-2.0-or-later
// What the bare-metal test programs share: printing, control registers, probing for exceptions.
// They are compiled on their own (build.sh), for machines without anything.
#pragma once

// The compiler's own; there is no C++ library.
#include <stddef.h>
#include <stdint.h>

extern "C" {
/// What the entry code noted of the last exception.
struct TrapState {
    uint64_t kind;  ///< 0 none, 1 general, 2 TLB refill, 3 machine error
    uint64_t estat, era, badv, badi, prmd, crmd, tlbehi;
    uint64_t tlbrbadv, tlbrera, tlbrehi, tlbrprmd;
};
extern volatile TrapState trap_state;
extern volatile uint64_t vector_taken, page_tables, user_argument;
extern void (*volatile secondary_program)();
/// What a0 to a2 were at the start: EFI boot flag, command line, system table.
extern uint64_t boot_arguments[3];

using Piece = void (*)(uint64_t);
int probe(Piece piece, uint64_t argument);
void at_level_3(uint64_t piece);
[[noreturn]] void power_off();
/// Each program's main function.
void program();
}

inline constexpr uint64_t uart = 0x1fe001e0;

/// The serial port; '\n' ends a line.
void put(char c);
void put(const char* text);
void put_hex(uint64_t value);
void put_number(uint64_t value);
bool has_input();
/// Waits for a typed character, asleep; leaves the timer stopped.
char get();

/// "= NAME: VALUE ..."
void begin(const char* name);
void end();

template<class... Values>
void line(const char* name, Values... values) {
    begin(name);
    ((put(" "), put_hex(static_cast<uint64_t>(values))), ...);
    end();
}

template<unsigned number>
uint64_t csr() {
    uint64_t value;
    asm volatile("csrrd %0, %1" : "=r"(value) : "i"(number) : "memory");
    return value;
}
/// Returns what was there.
template<unsigned number>
uint64_t csr(uint64_t value) {
    asm volatile("csrwr %0, %1" : "+r"(value) : "i"(number) : "memory");
    return value;
}

namespace csr_number {
// clang-format off
inline constexpr unsigned crmd = 0x0, prmd = 0x1, euen = 0x2, misc = 0x3, ecfg = 0x4, estat = 0x5,
    era = 0x6, badv = 0x7, badi = 0x8, eentry = 0xc, tlbidx = 0x10, tlbehi = 0x11, tlbelo0 = 0x12,
    tlbelo1 = 0x13, asid = 0x18, pgdl = 0x19, pgdh = 0x1a, pgd = 0x1b, pwcl = 0x1c, pwch = 0x1d,
    stlbps = 0x1e, cpuid = 0x20, tid = 0x40, tcfg = 0x41, tval = 0x42, cntc = 0x43, ticlr = 0x44,
    llbctl = 0x60, tlbrentry = 0x88, tlbrbadv = 0x89, tlbrera = 0x8a, tlbrsave = 0x8b, tlbrelo0 = 0x8c,
    tlbrelo1 = 0x8d, tlbrehi = 0x8e, tlbrprmd = 0x8f, dmw0 = 0x180, dmw1 = 0x181, dmw2 = 0x182, dmw3 = 0x183;
// clang-format on
}  // namespace csr_number

inline uint64_t physical(const void* pointer) {
    return reinterpret_cast<uint64_t>(pointer) & ((uint64_t{1} << 48) - 1);
}
/// Address in the cached window.
inline uint64_t cached(uint64_t physical) {
    return physical | uint64_t{9} << 60;
}
/// The uncached window.
template<class T>
volatile T& mmio(uint64_t address) {
    return *reinterpret_cast<volatile T*>(address | uint64_t{1} << 63);
}
inline uint64_t address_of(Piece piece) {
    return reinterpret_cast<uint64_t>(piece);
}

/// Runs a piece of code and prints how it ended: nothing, or all that the exception said, with
/// addresses relative to the piece's.
void report(const char* name, Piece piece, uint64_t argument = 0);
/// For what hangs QEMU: there it only says so.
bool on_qemu();
void report_but_not_on_qemu(const char* name, Piece piece, uint64_t argument);
/// As report(), at PLV 3.
void report_user(const char* name, Piece piece, uint64_t argument = 0);

// Pieces of code in runtime.S; what begins with user_ is for report_user() only.
// clang-format off
extern "C" void do_syscall(uint64_t), do_break(uint64_t), do_undefined(uint64_t),
    do_csrrd(uint64_t), do_csrwr(uint64_t), do_set_misc(uint64_t), do_tlbsrch(uint64_t), do_tlbfill(uint64_t),
    do_ertn(uint64_t), do_idle(uint64_t), do_iocsrrd(uint64_t), do_iocsrwr(uint64_t),
    do_cacop_index(uint64_t), do_cacop_hit(uint64_t), do_invtlb_0(uint64_t), do_invtlb_7(uint64_t),
    do_invtlb_31(uint64_t), do_lddir(uint64_t), do_ldpte(uint64_t), do_rdtime(uint64_t),
    do_rdtimel(uint64_t), do_cpucfg(uint64_t), do_fadd(uint64_t), do_fld(uint64_t),
    do_movgr2fr(uint64_t), do_movfcsr2gr(uint64_t), do_bceqz(uint64_t), do_fcvt(uint64_t),
    do_vadd(uint64_t), do_vld(uint64_t), do_xvadd(uint64_t), do_xvld(uint64_t), do_ld_d(uint64_t),
    do_ld_h(uint64_t), do_ld_b(uint64_t), do_ldx_d(uint64_t), do_st_d(uint64_t), do_st_b(uint64_t),
    do_ldptr(uint64_t), do_preld(uint64_t), do_ll_w(uint64_t), do_sc_d(uint64_t),
    do_amadd(uint64_t), do_jump(uint64_t), do_ldgt(uint64_t), do_asrtgt(uint64_t),
    do_stle(uint64_t), do_divide(uint64_t), do_vdivide(uint64_t), user_ld_d(uint64_t),
    user_st_d(uint64_t), user_jump(uint64_t), user_nothing(uint64_t), piece_return(uint64_t),
    wait_interrupt(uint64_t), spin_interrupt(uint64_t), user_interrupt(uint64_t), general_entry(uint64_t),
    vector_table(uint64_t), secondary_start(uint64_t);
extern "C" void idle_once();
extern "C" uint64_t ll_sc(uint64_t*), ll_ertn_sc(uint64_t*, uint64_t), ll_write_sc(uint64_t*, uint64_t);
// clang-format on

/// Bits of TLBELO and of page table entries.
namespace page {
inline constexpr uint64_t valid = 1, dirty = 2, user = 3 << 2, cached = 1 << 4, global = 1 << 6,
                          no_read = uint64_t{1} << 61, no_execute = uint64_t{1} << 62,
                          only_its_level = uint64_t{1} << 63;
}

/// Writes the TLB entry `index` (2048 and up: any page size) for the pair of pages around
/// `address`.
void map_pair(unsigned index, uint64_t address, unsigned page_bits, uint64_t even, uint64_t odd);
/// invtlb 0.
void forget_translations();
