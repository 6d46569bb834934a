// SPDX-License-Identifier: GPL-2.0-or-later
// Every exception and what it leaves in the registers. LA Vol.1 §6.
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

constexpr uint64_t alignment_level_0 = 1 << 12, alignment_level_3 = 1 << 15;
constexpr uint64_t fp_on = 1, lsx_on = 2, lasx_on = 4;
/// In the lower half, behind no window.
constexpr uint64_t mapped = 0x4000'0000;
constexpr uint64_t unmapped = 0x5000'8000;

alignas(65536) char pages[2][16384];

void set_misc(uint64_t value) {
    line("MISC was written", value, probe(do_set_misc, value) == 0);
}

void explicit_ones() {
    csr<badv>(0x1111);
    probe(do_syscall, 0);
    line("syscall keeps badv", trap_state.badv == 0x1111);
    csr<tlbehi>(0x2000);
    probe(do_ld_d, uint64_t{1} << 50);
    line("an address error keeps tlbehi", trap_state.tlbehi == 0x2000);
    csr<tlbehi>(0x2000);
    probe(do_ld_d, unmapped);
    line("a refill keeps tlbehi", trap_state.tlbehi == 0x2000);
    csr<tlbrehi>(0x2000);
    probe(do_syscall, 0);
    line("syscall keeps tlbrehi", csr<tlbrehi>());
    probe(do_undefined, 0);
    line("badi of undefined", trap_state.badi);
    report("syscall", do_syscall);
    report("break", do_break);
    report("undefined", do_undefined);
    report("invtlb 7", do_invtlb_7);
    report("invtlb 31", do_invtlb_31);
    report_user("user syscall", do_syscall);
    report_user("user break", do_break);
    report_user("user undefined", do_undefined);
}

void privilege() {
    report_user("user csrrd", do_csrrd);
    report_user("user csrwr", do_csrwr);
    report_user("user tlbsrch", do_tlbsrch);
    report_user("user tlbfill", do_tlbfill);
    report_user("user ertn", do_ertn);
    report_user("user idle", do_idle);
    report_user("user iocsrrd", do_iocsrrd);
    report_user("user iocsrwr", do_iocsrwr);
    report_user("user cacop index", do_cacop_index);
    report_user("user cacop hit", do_cacop_hit, address_of(do_syscall));
    report_user("user invtlb", do_invtlb_0);
    report_user("user invtlb 7", do_invtlb_7);
    report_user("user lddir", do_lddir);
    report_user("user ldpte", do_ldpte);
    report_user("user rdtime", do_rdtime);
    report_user("user cpucfg", do_cpucfg);
    set_misc(0x80);  // DRDTL3
    report_user("user rdtime forbidden", do_rdtime);
    report_user("user rdtimel forbidden", do_rdtimel);
    report("rdtime at level 0", do_rdtime);
    set_misc(0);
}

void units_off() {
    csr<euen>(0);
    report("fadd off", do_fadd);
    report("fld off", do_fld, address_of(do_syscall));
    report("fld off, unmapped", do_fld, unmapped);
    report("movgr2fr off", do_movgr2fr);
    report("movfcsr2gr off", do_movfcsr2gr);
    report("bceqz off", do_bceqz);
    report("vadd off", do_vadd);
    report("vld off", do_vld, address_of(do_syscall));
    report("xvadd off", do_xvadd);
    report_user("user fadd off", do_fadd);
    csr<euen>(fp_on);
    report("fadd on", do_fadd);
    report("vadd with FP", do_vadd);
    report("xvadd with FP", do_xvadd);
    csr<euen>(fp_on | lsx_on);
    report("vadd on", do_vadd);
    report("xvadd with LSX", do_xvadd);
    report("xvld with LSX", do_xvld, address_of(do_syscall));
    csr<euen>(fp_on | lasx_on);
    report("vadd with LASX only", do_vadd);
    csr<euen>(fp_on | lsx_on | lasx_on);
    report("xvadd on", do_xvadd);
}

void alignment() {
    const uint64_t odd = reinterpret_cast<uint64_t>(&pages[0][1]);
    report("ld.d unaligned", do_ld_d, odd);
    report("ll.w unaligned", do_ll_w, odd);
    report("amadd.d unaligned", do_amadd, odd + 3);
    set_misc(alignment_level_3);
    report("ld.d unaligned, checked at 3", do_ld_d, odd);
    set_misc(alignment_level_0);
    report("ld.d checked", do_ld_d, odd);
    report("ld.h checked", do_ld_h, odd);
    report("ld.b checked", do_ld_b, odd);
    report("ldx.d checked", do_ldx_d, odd + 3);
    report("ldptr checked", do_ldptr, odd + 3);
    report("st.d checked", do_st_d, odd + 3);
    report("fld.d checked", do_fld, odd + 3);
    report("ld.d checked, unmapped", do_ld_d, unmapped + 1);
    set_misc(alignment_level_3);
    report_user("user ld.d checked", user_ld_d, odd);
    set_misc(0);
    report_user("user ld.d unchecked", user_ld_d, odd);
}

void addresses() {
    constexpr uint64_t holes[] = {0x0000'8000'0000'0000, 0x0001'0000'0000'0000,
                                  0xfffe'0000'0000'0000, 0xa000'0000'9020'0000};
    for (const uint64_t hole : holes) {
        report("ld.d in the hole", do_ld_d, hole);
        report("st.d in the hole", do_st_d, hole + 8);
        report("jump into the hole", do_jump, hole);
    }
    report("ld.d across the edge", do_ld_d, 0x0000'7fff'ffff'fffc);
    report("preld in the hole", do_preld, 0x0001'0000'0000'0000);
    report("jump unaligned", do_jump, address_of(do_syscall) + 2);
    report("jump unaligned, unmapped", do_jump, unmapped + 2);
    report_user("user ld.d of a window for 0", user_ld_d, 0x8000'0000'1fe0'01e5);
    report_user("user jump to a window for 0", user_jump, 0x8000'0000'9020'0000);
    report_user("user ld.d of its window", user_ld_d, reinterpret_cast<uint64_t>(&pages[0][0]));
}

void bounds() {
    report("ldgt.d", do_ldgt, reinterpret_cast<uint64_t>(&pages[0][0]));
    report("asrtgt.d", do_asrtgt, 1);
    report("stle.d", do_stle, reinterpret_cast<uint64_t>(&pages[0][0]));
    report_user("user asrtgt.d", do_asrtgt, 1);
}

void floating_point() {
    csr<euen>(fp_on | lsx_on | lasx_on);
    const auto enable = [](uint64_t bits) { asm volatile("movgr2fcsr $fcsr0, %0" : : "r"(bits)); };
    const auto read = [] {
        uint64_t value;
        asm volatile("movfcsr2gr %0, $fcsr0" : "=r"(value));
        return value;
    };
    enable(0);
    report("divide by 0, masked", do_divide);
    line("fcsr", read());
    enable(8);  // division by zero traps
    report("divide by 0", do_divide);
    line("fcsr", read());
    enable(8);
    report("vector divide by 0", do_vdivide);
    line("fcsr", read());
    enable(0x10);
    report("divide by 0, invalid only", do_divide);
    enable(0);
}

void pages_and_levels() {
    const uint64_t even = physical(pages[0]), odd = physical(pages[1]);
    const uint64_t ready = page::valid | page::dirty | page::cached;
    *reinterpret_cast<uint32_t*>(pages[0]) = 0x4c000020;  // jirl $zero, $ra, 0
    *reinterpret_cast<uint32_t*>(pages[1]) = 0x002b0005;  // syscall 5
    asm volatile("ibar 0" ::: "memory");
    forget_translations();
    report("load unmapped", do_ld_d, unmapped);
    report("store unmapped", do_st_d, unmapped + 8);
    report("fetch unmapped", do_jump, unmapped);
    report("load unmapped, upper half", do_ld_d, 0xffff'8000'1234'5678);
    report("preld unmapped", do_preld, unmapped);
    report("ll unmapped", do_ll_w, unmapped);
    report("sc unmapped", do_sc_d, unmapped);
    report("amadd unmapped", do_amadd, unmapped);
    report("cacop hit unmapped", do_cacop_hit, unmapped);
    report_user("user load unmapped", user_ld_d, unmapped);
    report_user("user fetch unmapped", user_jump, unmapped);

    const auto map = [&](uint64_t low, uint64_t high) {
        forget_translations();
        map_pair(2050, mapped, 14, even | low, odd | high);
    };
    map(ready, ready | page::user);
    report("load", do_ld_d, mapped);
    report("store", do_st_d, mapped + 64);
    report("fetch", do_jump, mapped);
    report("fetch odd", do_jump, mapped + 0x4000);
    report("load of a user page", do_ld_d, mapped + 0x4000);
    report_user("user load", user_ld_d, mapped + 0x4000);
    report_user("user load of level 0", user_ld_d, mapped);
    report_user("user store to level 0", user_st_d, mapped + 16);
    user_argument = mapped;
    report_but_not_on_qemu("user fetch of level 0", at_level_3, address_of(user_jump));
    report_user("user fetch", user_jump, mapped + 0x4000);

    map(page::cached, page::cached);
    report("load invalid", do_ld_d, mapped + 0x123);
    report("store invalid", do_st_d, mapped + 0x4120);
    report("fetch invalid", do_jump, mapped + 8);
    report("amadd invalid", do_amadd, mapped);
    report("ll invalid", do_ll_w, mapped);
    report("sc invalid", do_sc_d, mapped);
    report_user("user load invalid", user_ld_d, mapped);

    map(page::valid | page::cached, page::valid | page::cached | page::user);
    report("load clean", do_ld_d, mapped);
    report("store clean", do_st_d, mapped + 8);
    report("store clean, other page", do_st_b, mapped + 0x4001);
    report("amadd clean", do_amadd, mapped + 8);
    report("sc clean without ll", do_sc_d, mapped + 8);
    set_misc(1 << 16);  // DWPL0: stores at level 0 need no D
    report("store clean, not checked at 0", do_st_d, mapped + 0x80);
    report_user("user store clean", user_st_d, mapped + 0x4080);
    set_misc(0);

    map(ready | page::no_read, ready | page::no_execute);
    report("load of no-read", do_ld_d, mapped);
    report("store to no-read", do_st_d, mapped + 64);
    report("fetch of no-read", do_jump, mapped);
    report("load of no-execute", do_ld_d, mapped + 0x4000);
    report_but_not_on_qemu("fetch of no-execute", do_jump, mapped + 0x4000);
    report_user("user load of no-read at 0", user_ld_d, mapped);

    map(ready | page::user | page::only_its_level, ready | page::only_its_level);
    report("load of level 3 only", do_ld_d, mapped);
    report_but_not_on_qemu("fetch of level 3 only", do_jump, mapped);
    report("load of level 0 only", do_ld_d, mapped + 0x4000);
    report_user("user load of level 3 only", user_ld_d, mapped);
    report_user("user load of level 0 only", user_ld_d, mapped + 0x4000);

    map(ready, page::cached);
    report("load across into invalid", do_ld_d, mapped + 0x3ffc);
    report("store across into invalid", do_st_d, mapped + 0x3ff9);
    report("fetch across into invalid", do_jump, mapped + 0x4000);
    line("store across did nothing", *reinterpret_cast<uint64_t*>(pages[0] + 0x3ff8));
    map(ready, ready);
    report("load before", do_ld_d, mapped);
    map_pair(2050, mapped, 14, even | page::cached, odd | page::cached);
    report("load after the entry was written again", do_ld_d, mapped);
    forget_translations();
    report("load forgotten", do_ld_d, mapped);
}

void vectors() {
    csr<eentry>(address_of(vector_table));
    csr<ecfg>(uint64_t{3} << 16);
    const auto taken = [](const char* name, Piece piece, uint64_t argument) {
        vector_taken = 0;
        report(name, piece, argument);
        line("vector", (vector_taken - address_of(vector_table)) / 32);
    };
    taken("vectored syscall", do_syscall, 0);
    taken("vectored break", do_break, 0);
    taken("vectored undefined", do_undefined, 0);
    taken("vectored address", do_ld_d, uint64_t{1} << 50);
    csr<ecfg>(0);
    csr<eentry>(address_of(general_entry));
}

}  // namespace

void program() {
    explicit_ones();
    privilege();
    units_off();
    alignment();
    addresses();
    bounds();
    floating_point();
    pages_and_levels();
    vectors();
}
