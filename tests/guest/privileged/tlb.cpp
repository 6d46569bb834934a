// SPDX-License-Identifier: GPL-2.0-or-later
// The TLB: entries written, searched, read and dropped; both parts, page sizes, ASIDs, global
// pages; the refill handler with its table walk. LA Vol.1 §4.2.4, §5.4.
#include "bare/bare.hpp"

using namespace csr_number;

namespace {

constexpr unsigned stlb_entries = 2048, sets = 256;
constexpr uint64_t ready = page::valid | page::dirty | page::cached;
constexpr uint64_t first = 0x4000'0000;

alignas(1 << 21) char memory[1 << 21];
alignas(16384) uint64_t root[2048], middle[2048], leaf[2048];

uint64_t at(uint64_t address) {
    return *reinterpret_cast<volatile uint64_t*>(address);
}
void mark(uint64_t offset, uint64_t value) {
    *reinterpret_cast<volatile uint64_t*>(memory + offset) = value;
}
uint64_t frame(uint64_t offset) {
    return physical(memory) + offset;
}

/// tlbsrch: the index found, or all ones.
uint64_t search(uint64_t address) {
    csr<tlbehi>(address);
    asm volatile("tlbsrch" ::: "memory");
    const uint64_t index = csr<tlbidx>();
    return index >> 31 & 1 ? ~uint64_t{0} : index & 0xfff;
}

/// tlbrd, and everything that it gives. The ASID is put back.
void show_entry(const char* name, unsigned index) {
    const uint64_t before = csr<asid>();
    csr<tlbidx>(index);
    asm volatile("tlbrd" ::: "memory");
    const uint64_t found = csr<tlbidx>();
    line(name, found >> 31 & 1, found >> 24 & 0x3f, csr<tlbehi>(), csr<tlbelo0>(),
         csr<tlbelo1>() == 0 ? 0 : csr<tlbelo1>(), csr<asid>() & 0x3ff);
    csr<asid>(before);
}
bool holds(unsigned index) {
    const uint64_t before = csr<asid>();
    csr<tlbidx>(index);
    asm volatile("tlbrd" ::: "memory");
    csr<asid>(before);
    return (csr<tlbidx>() >> 31 & 1) == 0;
}

/// So that lines do not depend on where the program's memory is.
constexpr uint64_t far_frame = 0x1234'5000'0000;

void writing_and_reading() {
    forget_translations();
    line("search in nothing", search(first));
    show_entry("read of nothing", stlb_entries + 5);
    csr<asid>(7);
    map_pair(stlb_entries + 5, first, 14, far_frame | ready, (far_frame + 0x4000) | page::valid);
    show_entry("MTLB entry", stlb_entries + 5);
    line("search even", search(first));
    line("search odd", search(first + 0x4000));
    line("search inside", search(first + 0x1fff));
    line("search next pair", search(first + 0x8000));
    csr<asid>(8);
    line("search with another ASID", search(first));
    csr<asid>(7);
    // Global only if both halves are.
    map_pair(stlb_entries + 6, first + 0x8000, 14, far_frame | ready | page::global, ready);
    csr<asid>(8);
    line("search half global", search(first + 0x8000));
    csr<asid>(7);
    map_pair(stlb_entries + 6, first + 0x8000, 14, far_frame | ready | page::global,
             ready | page::global);
    csr<asid>(8);
    line("search global", search(first + 0x8000));
    show_entry("global entry", stlb_entries + 6);
    csr<asid>(7);
    map_pair(stlb_entries + 7, first + 0x200'0000, 12, 0, 0);
    show_entry("entry without V", stlb_entries + 7);
    line("search without V", search(first + 0x200'0000));
    // NE = 1 makes an entry that is none.
    csr<tlbidx>(uint64_t{stlb_entries + 5} | 14ull << 24 | 1ull << 31);
    csr<tlbehi>(first);
    asm volatile("tlbwr" ::: "memory");
    line("written with NE", holds(stlb_entries + 5));
    map_pair(stlb_entries + 8, 0xffff'8000'1234'6000, 12, far_frame | ready, far_frame | ready);
    show_entry("upper half", stlb_entries + 8);
    line("search upper half", search(0xffff'8000'1234'6000));
    csr<asid>(0);
}

void sets_and_ways() {
    forget_translations();
    csr<stlbps>(14);
    line("stlbps", csr<stlbps>());
    const uint64_t address = first + 37 * 0x8000;
    map_pair((address >> 15) % sets + 2 * sets, address, 14, far_frame | ready, ready);
    line("STLB found", search(address));
    show_entry("STLB entry", (address >> 15) % sets + 2 * sets);
    forget_translations();
    csr<tlbidx>(14ull << 24);
    csr<tlbehi>(address);
    csr<tlbelo0>(far_frame | ready);
    csr<tlbelo1>(ready);
    asm volatile("tlbfill" ::: "memory");
    const uint64_t found = search(address);
    // Which way, or which entry of the MTLB, is random.
    line("tlbfill of the STLB's size", found < stlb_entries ? found % sets : stlb_entries);
    csr<tlbidx>(21ull << 24);
    csr<tlbehi>(first + 0x4000'0000);
    asm volatile("tlbfill" ::: "memory");
    const uint64_t large = search(first + 0x4000'0000);
    line("tlbfill of another size", large >= stlb_entries && large < stlb_entries + 64);
    // More entries of a set than it has ways.
    for (uint64_t i = 0; i < 12; ++i) {
        csr<tlbidx>(14ull << 24);
        csr<tlbehi>(address + i * sets * 0x8000);
        asm volatile("tlbfill" ::: "memory");
    }
    unsigned left = 0;
    for (uint64_t i = 0; i < 12; ++i) left += search(address + i * sets * 0x8000) < stlb_entries;
    line("of twelve in a set", left);
    csr<stlbps>(12);
}

void page_sizes() {
    forget_translations();
    csr<stlbps>(14);
    mark(0, 0x1110);
    mark(0x1000, 0x1111);
    mark(0x4000, 0x2220);
    mark(0x10'0000, 0x3330);
    mark(0x18'0000, 0x4440);
    const auto show = [](const char* name, unsigned bits, uint64_t even, uint64_t odd) {
        map_pair(stlb_entries + 1, first, bits, even | ready, odd | ready);
        line(name, bits, at(first), at(first + (uint64_t{1} << bits)), search(first),
             search(first + (uint64_t{1} << bits)));
        forget_translations();
    };
    show("page size", 12, frame(0x1000), frame(0));
    show("page size", 14, frame(0x4000), frame(0));
    show("page size", 16, frame(0), frame(0x10'0000));
    show("page size", 20, frame(0x10'0000), frame(0));
    // Larger ones than the memory: within one half.
    map_pair(stlb_entries + 1, first, 21, frame(0) | ready, frame(0) | ready);
    line("page of 2 MiB", at(first + 0x18'0000), at(first + 0x20'0000 + 0x4000));
    forget_translations();
    map_pair(stlb_entries + 1, 0, 29, 0x8000'0000 | ready, 0x8000'0000 | ready);
    line("page of 512 MiB", at(physical(memory) - 0x8000'0000 + 0x4000));
    // Bits of the frame below the page's size do not count.
    forget_translations();
    map_pair(stlb_entries + 1, first, 20, frame(0) | 0x5000 | ready, frame(0) | ready);
    line("frame with low bits", at(first));
    forget_translations();
    csr<stlbps>(12);
}

void address_spaces() {
    forget_translations();
    mark(0, 0xaaaa);
    mark(0x4000, 0xbbbb);
    mark(0x8000, 0xcccc);
    csr<asid>(1);
    map_pair(stlb_entries + 1, first, 14, frame(0) | ready, frame(0) | ready);
    csr<asid>(2);
    map_pair(stlb_entries + 2, first, 14, frame(0x4000) | ready, frame(0x4000) | ready);
    map_pair(stlb_entries + 3, first + 0x8000, 14, frame(0x8000) | ready | page::global,
             frame(0x8000) | ready | page::global);
    for (uint64_t space = 1; space <= 3; ++space) {
        csr<asid>(space);
        line("global in space", space, at(first + 0x8000));
        if (space < 3) {
            line("own in space", space, at(first));
        } else {
            report("nothing in space 3", do_ld_d, first);
        }
    }
    csr<asid>(0);
}

template<unsigned operation>
void invalidate(uint64_t selected, uint64_t address) {
    asm volatile("invtlb %0, %1, %2" : : "i"(operation), "r"(selected), "r"(address) : "memory");
}

/// Which of a set of entries an operation leaves.
template<unsigned operation>
void show_invalidation() {
    forget_translations();
    const uint64_t data = far_frame | ready;
    csr<stlbps>(14);
    const auto put_entries = [&] {
        csr<asid>(1);
        map_pair(stlb_entries + 0, first, 14, data, data);
        map_pair(stlb_entries + 1, first + 0x8000, 14, data, data);
        map_pair(stlb_entries + 2, first + 0x10000, 14, data | page::global, data | page::global);
        csr<asid>(2);
        map_pair(stlb_entries + 3, first, 14, data, data);
        map_pair(stlb_entries + 4, first + 0x40'0000, 21, data | page::global, data | page::global);
        const uint64_t high = first + 0x18000;
        map_pair((high >> 15) % sets, high, 14, data, data);
        csr<asid>(1);
    };
    const auto left = [] {
        uint64_t bits = 0;
        for (unsigned i = 0; i < 5; ++i) bits |= uint64_t{holds(stlb_entries + i)} << i;
        return bits | uint64_t{holds(((first + 0x18000) >> 15) % sets)} << 5;
    };
    const uint64_t addresses[] = {first, first + 0x4000, first + 0x10000, first + 0x7f'0000};
    begin("invtlb");
    put(" ");
    put_hex(operation);
    for (const uint64_t address : addresses) {
        put_entries();
        invalidate<operation>(1, address);
        put(" ");
        put_hex(left());
    }
    put_entries();
    invalidate<operation>(2, first + 0x18000);
    put(" ");
    put_hex(left());
    end();
    csr<asid>(0);
    csr<stlbps>(12);
}

void clearing() {
    forget_translations();
    csr<stlbps>(14);
    const uint64_t data = far_frame | ready;
    const auto put_entries = [&] {
        csr<asid>(1);
        map_pair(stlb_entries + 0, first, 14, data, data);
        map_pair(stlb_entries + 1, first + 0x8000, 14, data | page::global, data | page::global);
        map_pair(5, first + 5 * 0x8000, 14, data, data);
        map_pair(5 + sets, first + (5 + sets) * 0x8000, 14, data | page::global,
                 data | page::global);
        map_pair(6, first + 6 * 0x8000, 14, data, data);
        csr<asid>(2);
        map_pair(stlb_entries + 2, first + 0x10'0000, 14, data, data);
        map_pair(5 + 2 * sets, first + (5 + 2 * sets) * 0x8000, 14, data, data);
        csr<asid>(1);
    };
    const auto left = [] {
        const unsigned numbers[] = {
            stlb_entries, stlb_entries + 1, stlb_entries + 2, 5, 5 + sets, 5 + 2 * sets, 6};
        uint64_t bits = 0;
        for (unsigned i = 0; i < 7; ++i) bits |= uint64_t{holds(numbers[i])} << i;
        return bits;
    };
    put_entries();
    line("before clearing", left());
    csr<tlbidx>(stlb_entries + 9);
    asm volatile("tlbclr" ::: "memory");
    line("tlbclr of the MTLB", left());
    put_entries();
    csr<tlbidx>(5 + 3 * sets);
    asm volatile("tlbclr" ::: "memory");
    line("tlbclr of a set", left());
    put_entries();
    csr<tlbidx>(stlb_entries + 9);
    asm volatile("tlbflush" ::: "memory");
    line("tlbflush of the MTLB", left());
    put_entries();
    csr<tlbidx>(5);
    asm volatile("tlbflush" ::: "memory");
    line("tlbflush of a set", left());
    csr<asid>(0);
    csr<stlbps>(12);
}

/// With TLBRERA.IsTLBR the instructions take the refill's registers.
void in_a_refill() {
    forget_translations();
    csr<tlbrera>(1);
    csr<tlbrehi>(first | 14);
    csr<tlbrelo0>(far_frame | ready);
    csr<tlbrelo1>(ready);
    csr<tlbehi>(0);
    csr<tlbelo0>(0);
    csr<tlbidx>(uint64_t{stlb_entries + 3} | 1ull << 31);  // NE does not count here
    asm volatile("tlbwr" ::: "memory");
    csr<tlbrehi>((first + 0x4000) | 14);
    asm volatile("tlbsrch" ::: "memory");
    line("refill's tlbsrch", csr<tlbidx>() & 0x8000'0fff);
    csr<tlbrera>(0);
    show_entry("refill's tlbwr", stlb_entries + 3);
    forget_translations();
}

void walk_instructions() {
    // 16 KiB pages, three levels of 11 bits, as Linux.
    csr<pwcl>(14 | 11 << 5 | 25 << 10 | 11 << 15);
    csr<pwch>(36 | 11 << 6);
    const uint64_t address = first + 3 * 0x4000;
    for (uint64_t& entry : root) entry = 0;
    for (uint64_t& entry : middle) entry = 0;
    for (uint64_t& entry : leaf) entry = 0;
    leaf[address >> 14 & 2047] = 0x7777'0000 | ready;
    leaf[(address >> 14 & 2047) - 1] = 0x6666'0000 | ready | page::no_execute | 0xf00;
    middle[address >> 25 & 2047] = 0x1234'5000;
    csr<tlbrera>(1);
    csr<tlbrbadv>(address);
    uint64_t out;
    asm volatile("lddir %0, %1, 1" : "=r"(out) : "r"(physical(middle)));
    line("lddir", out);
    asm volatile("lddir %0, %1, 0" : "=r"(out) : "r"(uint64_t{0x5000}));
    line("lddir 0", out);
    asm volatile("lddir %0, %1, 4" : "=r"(out) : "r"(physical(root)));
    line("lddir 4 of none", out);
    const uint64_t huge = 0x1000'0000 | ready | 1 << 6;
    asm volatile("lddir %0, %1, 1" : "=r"(out) : "r"(huge));
    line("lddir of a huge page", out);
    asm volatile("lddir %0, %1, 3" : "=r"(out) : "r"(huge));
    line("lddir 3 of a huge page", out);
    asm volatile("lddir %0, %1, 1" : "=r"(out) : "r"(huge | 3 << 13));
    line("lddir of a marked one", out);
    csr<tlbrehi>(first);
    asm volatile("ldpte %0, 0\n ldpte %0, 1" : : "r"(physical(leaf)));
    line("ldpte", csr<tlbrelo0>(), csr<tlbrelo1>(), csr<tlbrehi>());
    asm volatile("ldpte %0, 0\n ldpte %0, 1" : : "r"(huge | 1 << 13));
    line("ldpte of a huge page", csr<tlbrelo0>(), csr<tlbrelo1>(), csr<tlbrehi>());
    asm volatile("ldpte %0, 0\n ldpte %0, 1" : : "r"(huge | 1 << 13 | 1 << 12));
    line("ldpte of a global huge page", csr<tlbrelo0>(), csr<tlbrelo1>(), csr<tlbrehi>());
    csr<tlbrera>(0);
}

void walks() {
    forget_translations();
    csr<stlbps>(14);
    csr<pwcl>(14 | 11 << 5 | 25 << 10 | 11 << 15);
    csr<pwch>(36 | 11 << 6);
    for (uint64_t& entry : root) entry = 0;
    for (uint64_t& entry : middle) entry = 0;
    for (uint64_t& entry : leaf) entry = 0;
    csr<pgdl>(physical(root));
    csr<pgdh>(physical(root));
    root[0] = physical(middle);
    root[2047] = physical(middle);
    middle[first >> 25 & 2047] = physical(leaf);
    for (uint64_t i = 0; i < 64; ++i) {
        leaf[(first >> 14 & 2047) + i] = frame(i * 0x4000) | ready;
        mark(i * 0x4000, 0xd000 + i);
    }
    page_tables = 1;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 64; ++i) sum = sum * 3 + at(first + (i * 17 % 64) * 0x4000);
    line("walked pages", sum);
    const uint64_t high = 0xffff'fff0'0000'0000 | (first & 0xf'ffff'ffff);
    line("upper half walked", at(high + 5 * 0x4000));
    report("page without V", do_ld_d, first + 64 * 0x4000);
    report("store to what is missing", do_st_d, first + 65 * 0x4000);
    // A huge page in the middle level: 2 x 16 MiB around 2 MiB of memory.
    const uint64_t huge = first + (uint64_t{1} << 25);
    middle[huge >> 25 & 2047] = (physical(memory) & ~((uint64_t{1} << 25) - 1)) | ready | 1 << 6;
    const uint64_t inside = physical(memory) & ((uint64_t{1} << 25) - 1);
    line("huge page", at(huge + inside + 3 * 0x4000), search(huge) >= stlb_entries);
    page_tables = 0;
    forget_translations();
    csr<stlbps>(12);
}

void windows() {
    // Windows 2 and 3 are for loads and stores only.
    csr<dmw2>(0xa000'0000'0000'0011);
    const uint64_t through = physical(memory) | 0xa000'0000'0000'0000;
    mark(0, 0xe0e0);
    line("load through window 2", at(through));
    report("fetch through window 2", do_jump,
           (address_of(piece_return) & ~(15ull << 60)) | 0xa000'0000'0000'0000);
    report_user("user load through a window for 0", user_ld_d, through);
    csr<dmw2>(0xa000'0000'0000'0018);
    report_user("user load through a window for 3", user_ld_d, through);
    report("load through a window for 3", do_ld_d, through);
    csr<dmw2>(0);
    report("load through a closed window", do_ld_d, through);
}

}  // namespace

void program() {
    writing_and_reading();
    sets_and_ways();
    page_sizes();
    address_spaces();
    show_invalidation<0>();
    show_invalidation<1>();
    show_invalidation<2>();
    show_invalidation<3>();
    show_invalidation<4>();
    show_invalidation<5>();
    show_invalidation<6>();
    clearing();
    in_a_refill();
    walk_instructions();
    walks();
    windows();
}
