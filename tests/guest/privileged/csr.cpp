// SPDX-License-Identifier: GPL-2.0-or-later
// Control and status registers: which are there, what they hold at the start, which bits can be
// written. LA Vol.1 §7.
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

uint64_t found;

template<unsigned number>
void read_piece(uint64_t) {
    found = csr<number>();
}
template<unsigned number>
void write_piece(uint64_t value) {
    csr<number>(value);
}

template<unsigned number>
void show_start() {
    begin("start");
    put(" ");
    put_hex(number);
    if (probe(read_piece<number>, 0) != 0) {
        put(" none");
    } else {
        put(" ");
        put_hex(found);
    }
    end();
}

/// Writes ones, zeros and a pattern, then what was there before.
template<unsigned number>
void show_writes() {
    const uint64_t before = csr<number>();
    begin("write");
    put(" ");
    put_hex(number);
    constexpr uint64_t values[] = {~uint64_t{0}, 0, 0x5a5a'a5a5'5a5a'a5a5};
    for (const uint64_t value : values) {
        put(" ");
        if (probe(write_piece<number>, value) != 0) {
            put("refused");
        } else {
            put_hex(csr<number>());
        }
    }
    end();
    probe(write_piece<number>, before);
}

template<unsigned... numbers>
void start() {
    (show_start<numbers>(), ...);
}
template<unsigned... numbers>
void writes() {
    (show_writes<numbers>(), ...);
}

/// csrxchg: bits of the mask change, the old value comes back.
void exchange() {
    csr<0x30>(0x1111'2222'3333'4444);
    uint64_t value = 0xaaaa'bbbb'cccc'dddd;
    const uint64_t mask = 0x0000'ffff'0000'ffff;
    asm volatile("csrxchg %0, %1, 0x30" : "+r"(value) : "r"(mask));
    line("csrxchg", value, csr<0x30>());
    value = 5;
    asm volatile("csrwr %0, 0x30" : "+r"(value));
    line("csrwr", value, csr<0x30>());
    // The same register gives value and takes the old one; r0 as value is 0.
    asm volatile("csrwr $zero, 0x30");
    line("csrwr of r0", csr<0x30>());
}

void mode() {
    const uint64_t before = csr<crmd>();
    // Everything but PLV, DA and PG, which the program needs as they are.
    csr<crmd>(0xffff'ffff'ffff'fff4 & ~uint64_t{4});
    line("crmd ones but IE", csr<crmd>());
    csr<crmd>(before);
    csr<ecfg>(0);
    csr<crmd>(before | 4);
    line("crmd with IE", csr<crmd>());
    csr<crmd>(before);
}

/// Software interrupts are the only bits of ESTAT that can be written.
void software_interrupts() {
    csr<estat>(~uint64_t{0});
    line("estat ones", csr<estat>() & 0x3);
    csr<ecfg>(2);
    report_but_not_on_qemu("software interrupt", spin_interrupt, 4);
    line("estat after it", csr<estat>() & 0x3);
    csr<estat>(0);
    line("estat zeros", csr<estat>() & 0x3);
    csr<ecfg>(0);
}

void returns() {
    // ertn takes PLV and IE from PRMD; here it stays at level 0 with interrupts off, then on.
    constexpr uint64_t levels[] = {0, 4};
    for (const uint64_t previous : levels) {
        uint64_t now;
        csr<prmd>(previous);
        asm volatile("la.pcrel $t0, 1f\n csrwr $t0, 0x6\n ertn\n1: csrrd %0, 0x0"
                     : "=r"(now)
                     :
                     : "$t0", "memory");
        line("crmd after ertn", previous, now);
        csr<crmd>(0xb0);
    }
    // The return of a refill: TLBRPRMD, TLBRERA, and translation comes on.
    uint64_t now;
    csr<tlbrprmd>(4);
    asm volatile("la.pcrel $t0, 1f\n ori $t0, $t0, 1\n csrwr $t0, 0x8a\n ertn\n1: csrrd %0, 0x0"
                 : "=r"(now)
                 :
                 : "$t0", "memory");
    line("crmd after a refill's ertn", now, csr<tlbrera>() & 3, csr<tlbrprmd>());
    csr<crmd>(0xb0);
}

void linked_loads() {
    static uint64_t cell;
    line("ll sc", ll_sc(&cell), cell);
    line("llbctl", csr<llbctl>());
    line("ll ertn sc", ll_ertn_sc(&cell, 0), cell);
    line("ll ertn sc with KLO", ll_ertn_sc(&cell, 4), cell);
    line("llbctl after it", csr<llbctl>());
    line("ll WCLLB sc", ll_write_sc(&cell, 2), cell);
    line("ll llbctl=0 sc", ll_write_sc(&cell, 0), cell);
    csr<llbctl>(0);
}

/// The page directory of the address that failed.
void directories() {
    csr<pgdl>(0x1111'1000);
    csr<pgdh>(0x2222'2000);
    csr<badv>(0x1000);
    line("pgd low", csr<pgd>());
    csr<badv>(0xffff'ffff'ffff'f000);
    line("pgd high", csr<pgd>());
    csr<tlbrbadv>(0x1000);
    csr<tlbrera>(1);
    line("pgd of a refill, low", csr<pgd>());
    csr<tlbrbadv>(0xffff'8000'0000'0000);
    line("pgd of a refill, high", csr<pgd>());
    csr<tlbrera>(0);
}

void configuration() {
    for (uint64_t word = 0; word <= 21; ++word) {
        uint64_t value;
        asm volatile("cpucfg %0, %1" : "=r"(value) : "r"(word));
        line("cpucfg", word, value);
    }
    uint64_t value;
    asm volatile("cpucfg %0, %1" : "=r"(value) : "r"(uint64_t{0x1234}));
    line("cpucfg far", value);
}

}  // namespace

void program() {
    // TVAL says nothing before the timer runs (timer.cpp).
    // What runtime.S has written is left out: CRMD, EENTRY, TLBRENTRY, MERRENTRY, DMW0, DMW1.
    start<0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x10, 0x11, 0x12, 0x13, 0x18, 0x19, 0x1a, 0x1c, 0x1d, 0x1e,
          0x1f, 0x20, 0x21, 0x22, 0x23, 0x30, 0x37, 0x38, 0x3f, 0x40, 0x41, 0x43, 0x44, 0x60, 0x80,
          0x81, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x94, 0x95, 0x98, 0x182,
          0x183>();
    // Numbers that nothing has.
    start<0x9, 0xa, 0x14, 0x17, 0x45, 0x5f, 0x61, 0xa0, 0x100, 0x17f, 0x1ff>();
    writes<prmd, euen, misc, ecfg, era, badv, badi, eentry, tlbidx, tlbehi, tlbelo0, tlbelo1, asid,
           pgdl, pgdh, pgd, pwcl, pwch, stlbps, cpuid, 0x21, 0x22, 0x23, 0x30, 0x31, 0x37, 0x38,
           tid, cntc, ticlr, 0x80, 0x81, 0x88, tlbrbadv, tlbrera, 0x8b, tlbrelo0, tlbrelo1, tlbrehi,
           tlbrprmd, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x98, 0x99, dmw2, dmw3>();
    exchange();
    mode();
    software_interrupts();
    returns();
    linked_loads();
    directories();
    configuration();
}
