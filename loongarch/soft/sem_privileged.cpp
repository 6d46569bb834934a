// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/sem_privileged.hpp"

#include <cstdint>

#include "loongarch/soft/sem_atomic.hpp"
#include "loongarch/soft/sem_bitops.hpp"

namespace lkvm::la::sem {

#if defined(__x86_64__)
// Every x86-64 CPU that runs a current distribution has cmpxchg16b.
__attribute__((target("cx16"))) bool detail::compare_and_swap_16(std::byte* place,
                                                                 std::uint64_t expected_low,
                                                                 std::uint64_t expected_high,
                                                                 std::uint64_t low,
                                                                 std::uint64_t high) {
    __extension__ using Wide = unsigned __int128;
    const auto expected = static_cast<Wide>(expected_high) << 64 | expected_low;
    const auto value = static_cast<Wide>(high) << 64 | low;
    return __sync_bool_compare_and_swap(reinterpret_cast<Wide*>(place), expected, value);
}
#else
// The CPU does not offer sc.q on these hosts: see host_has_wide_swap.
bool detail::compare_and_swap_16(std::byte*, std::uint64_t, std::uint64_t, std::uint64_t,
                                 std::uint64_t) {
    return false;
}
#endif

bool syscall(Cpu& cpu, const Op&) {
    return cpu.raise(Exception::SYS);
}
bool break_(Cpu& cpu, const Op&) {
    return cpu.raise(Exception::BRK);
}
/// There is no debug mode to call.
bool dbcl(Cpu& cpu, const Op&) {
    return cpu.raise(Exception::INE);
}

namespace {

/// Gives `value` of the counter to rd and the timer's number to rj, if PLV may read it.
bool read_time(Cpu& cpu, const Op& op, std::uint64_t value) {
    const unsigned level = cpu.plv();
    const unsigned forbidden = csr::misc::DRDTL::get(cpu.csr(csr::misc::number));
    if (level != 0 && ((forbidden >> (level - 1)) & 1) != 0) return cpu.raise(Exception::IPE);
    cpu.gpr[op.rd] = value;
    if (op.rj != 0) cpu.gpr[op.rj] = cpu.csr(csr::TID);
    return true;
}

/// Here root reads how many instructions it has executed, its guest's left out; an invention of
/// ours for hypervisors that measure themselves. Real CPUs have nothing there.
constexpr std::uint32_t instruction_counter = 0x3fffff00;

template<class T>
bool iocsr_read(Cpu& cpu, const Op& op) {
    const auto address = static_cast<std::uint32_t>(cpu.gpr[op.rj]);
    const std::uint64_t value = address == instruction_counter
                                    ? cpu.instructions - cpu.guest_instructions()
                                    : cpu.system().iocsr().read(cpu.index(), address, sizeof(T));
    cpu.gpr[op.rd] = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<T>(value)));
    return true;
}

/// Interrupt lines may have changed: looks at them right away.
template<class T>
bool iocsr_write(Cpu& cpu, const Op& op) {
    const auto address = static_cast<std::uint32_t>(cpu.gpr[op.rj]);
    cpu.system().iocsr().write(cpu.index(), address, sizeof(T), static_cast<T>(cpu.gpr[op.rd]));
    return cpu.leave_after();
}

/// Whether the block must end: translation, privilege or interrupts may differ from now on.
bool changes_mode(unsigned number) {
    switch (number) {
        case csr::crmd::number:
        case csr::euen::number:
        case csr::ecfg::number:
        case csr::estat::number:
        case csr::asid::number:
        case csr::tcfg::number:
            return true;
        default:
            return number >= csr::dmw::number0 && number < csr::dmw::number0 + csr::dmw::windows;
    }
}

bool after_csr_write(Cpu& cpu, unsigned number) {
    return changes_mode(number) ? cpu.leave_after() : true;
}

struct Directory {
    unsigned base = 0;
    unsigned width = 0;
};

/// Where the index into the directory of `level` (0: page table) lies in an address.
Directory directory(const Cpu& cpu, unsigned level) {
    const std::uint64_t low = cpu.csr(csr::pwcl::number);
    const std::uint64_t high = cpu.csr(csr::pwch::number);
    switch (level) {
        case 0:
            return {csr::pwcl::PTbase::get(low), csr::pwcl::PTwidth::get(low)};
        case 1:
            return {csr::pwcl::Dir1_base::get(low), csr::pwcl::Dir1_width::get(low)};
        case 2:
            return {csr::pwcl::Dir2_base::get(low), csr::pwcl::Dir2_width::get(low)};
        case 3:
            return {csr::pwch::Dir3_base::get(high), csr::pwch::Dir3_width::get(high)};
        case 4:
            return {csr::pwch::Dir4_base::get(high), csr::pwch::Dir4_width::get(high)};
        default:
            return {};
    }
}

/// `base` and `width` come from the guest: both up to 63.
std::uint64_t table_index(std::uint64_t address, Directory directory) {
    const std::uint64_t mask = (std::uint64_t{1} << directory.width) - 1;
    return (address >> directory.base) & mask;
}

/// The address that missed in the TLB, or the last bad one outside a refill.
std::uint64_t walked_address(const Cpu& cpu) {
    const bool refill = csr::tlbrera::IsTLBR::get(cpu.csr(csr::tlbrera::number));
    return cpu.csr(refill ? csr::TLBRBADV : csr::BADV);
}

constexpr std::uint64_t huge_bit = 1u << 6;
using HugeLevel = Field<13, 2, unsigned>;
using HugeGlobal = Field<12, 1, bool>;

}  // namespace

bool rdtimel_w(Cpu& cpu, const Op& op) {
    return read_time(cpu, op, detail::sext32(cpu.stable_counter()));
}
bool rdtimeh_w(Cpu& cpu, const Op& op) {
    return read_time(cpu, op, detail::sext32(cpu.stable_counter() >> 32));
}
bool rdtime_d(Cpu& cpu, const Op& op) {
    return read_time(cpu, op, cpu.stable_counter());
}

void cpucfg(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = detail::sext32(cpu.config().at(static_cast<std::uint32_t>(cpu.gpr[op.rj])));
}

void csrrd(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = cpu.read_csr(static_cast<unsigned>(op.imm));
}

bool csrwr(Cpu& cpu, const Op& op) {
    const auto number = static_cast<unsigned>(op.imm);
    const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
    cpu.gpr[op.rd] = cpu.write_csr(number, value);
    return after_csr_write(cpu, number);
}

bool csrxchg(Cpu& cpu, const Op& op) {
    const auto number = static_cast<unsigned>(op.imm);
    const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
    cpu.gpr[op.rd] = cpu.write_csr(number, value, cpu.gpr[op.rj]);
    return after_csr_write(cpu, number);
}

bool iocsrrd_b(Cpu& cpu, const Op& op) {
    return iocsr_read<std::int8_t>(cpu, op);
}
bool iocsrrd_h(Cpu& cpu, const Op& op) {
    return iocsr_read<std::int16_t>(cpu, op);
}
bool iocsrrd_w(Cpu& cpu, const Op& op) {
    return iocsr_read<std::int32_t>(cpu, op);
}
bool iocsrrd_d(Cpu& cpu, const Op& op) {
    return iocsr_read<std::int64_t>(cpu, op);
}
bool iocsrwr_b(Cpu& cpu, const Op& op) {
    return iocsr_write<std::uint8_t>(cpu, op);
}
bool iocsrwr_h(Cpu& cpu, const Op& op) {
    return iocsr_write<std::uint16_t>(cpu, op);
}
bool iocsrwr_w(Cpu& cpu, const Op& op) {
    return iocsr_write<std::uint32_t>(cpu, op);
}
bool iocsrwr_d(Cpu& cpu, const Op& op) {
    return iocsr_write<std::uint64_t>(cpu, op);
}

/// Caches are not modelled. Only hit operations (bits 4:3 = 2) are open to other levels than 0.
bool cacop(Cpu& cpu, const Op& op) {
    const bool hit = (op.imm2() >> 3) == 2;
    return hit || cpu.plv() == 0 || cpu.raise(Exception::IPE);
}

void tlbsrch(Cpu& cpu, const Op&) {
    cpu.tlb_search();
}
void tlbrd(Cpu& cpu, const Op&) {
    cpu.tlb_read();
}
bool tlbwr(Cpu& cpu, const Op&) {
    cpu.tlb_write();
    return cpu.leave_after();
}
bool tlbfill(Cpu& cpu, const Op&) {
    cpu.tlb_fill();
    // The refill handler runs without translation: nothing changes under its feet.
    return csr::crmd::DA::get(cpu.csr(csr::crmd::number)) || cpu.leave_after();
}
bool tlbclr(Cpu& cpu, const Op&) {
    cpu.tlb_clear(false);
    return cpu.leave_after();
}
bool tlbflush(Cpu& cpu, const Op&) {
    cpu.tlb_clear(true);
    return cpu.leave_after();
}
bool invtlb(Cpu& cpu, const Op& op) {
    const auto operation = static_cast<unsigned>(op.imm);
    return cpu.tlb_invalidate(operation, cpu.gpr[op.rj], cpu.gpr[op.rk]) && cpu.leave_after();
}

bool lddir(Cpu& cpu, const Op& op) {
    const std::uint64_t base = cpu.gpr[op.rj];
    const auto level = static_cast<unsigned>(op.imm);
    if (level == 0 || level > 4) {
        cpu.gpr[op.rd] = base;
        return true;
    }
    if ((base & huge_bit) != 0) {
        const bool marked = HugeLevel::get(base) != 0 || level == 4;
        cpu.gpr[op.rd] = marked ? base : HugeLevel::put(base, level);
        return true;
    }
    const std::uint64_t index = table_index(walked_address(cpu), directory(cpu, level));
    std::uint64_t entry = 0;
    if (!cpu.load_table((base & physical_mask) + index * 8, entry)) return false;
    cpu.gpr[op.rd] = entry;
    return true;
}

bool ldpte(Cpu& cpu, const Op& op) {
    const std::uint64_t base = cpu.gpr[op.rj];
    const bool odd = (op.imm & 1) != 0;
    std::uint64_t entry = 0;
    unsigned page_bits = 0;
    if ((base & huge_bit) != 0) {
        const Directory found = directory(cpu, HugeLevel::get(base));
        page_bits = (found.base + found.width - 1) & 63;
        const bool global = HugeGlobal::get(base);
        entry = HugeGlobal::put(HugeLevel::put(base & ~huge_bit, 0), false);
        entry = csr::tlbelo::G::put(entry, global);
        if (odd) entry += std::uint64_t{1} << page_bits;
    } else {
        const Directory table = directory(cpu, 0);
        page_bits = table.base;
        const std::uint64_t index = table_index(walked_address(cpu), table) & ~std::uint64_t{1};
        const std::uint64_t where = (base & physical_mask) + (index + (odd ? 1 : 0)) * 8;
        if (!cpu.load_table(where, entry)) return false;
    }
    // Software bits of the page table entry are not kept in the register.
    cpu.csr(odd ? csr::TLBRELO1 : csr::TLBRELO0) = entry & csr::tlbelo::writable;
    std::uint64_t& high = cpu.csr(csr::tlbrehi::number);
    high = csr::tlbrehi::PS::put(high, page_bits);
    return true;
}

bool ertn(Cpu& cpu, const Op&) {
    cpu.return_from_exception();
    cpu.leave = Leave::jump;
    return false;
}

bool idle(Cpu& cpu, const Op&) {
    cpu.leave = Leave::idle;
    return false;
}

void gcsrrd(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = cpu.read_guest_csr(static_cast<unsigned>(op.imm));
}
void gcsrwr(Cpu& cpu, const Op& op) {
    const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
    cpu.gpr[op.rd] = cpu.write_guest_csr(static_cast<unsigned>(op.imm), value, UINT64_MAX);
}
void gcsrxchg(Cpu& cpu, const Op& op) {
    const std::uint64_t value = op.rd == gpr_sink ? 0 : cpu.gpr[op.rd];
    cpu.gpr[op.rd] = cpu.write_guest_csr(static_cast<unsigned>(op.imm), value, cpu.gpr[op.rj]);
}
void gtlbclr(Cpu& cpu, const Op&) {
    cpu.tlb_clear(false, true);
}
void gtlbflush(Cpu& cpu, const Op&) {
    cpu.tlb_clear(true, true);
}
void gtlbsrch(Cpu& cpu, const Op&) {
    cpu.tlb_search(true);
}
void gtlbrd(Cpu& cpu, const Op&) {
    cpu.tlb_read(true);
}
void gtlbwr(Cpu& cpu, const Op&) {
    cpu.tlb_write(true);
}
void gtlbfill(Cpu& cpu, const Op&) {
    cpu.tlb_fill(true);
}
/// In the guest it was turned into its exception when it was decoded.
bool hvcl(Cpu& cpu, const Op&) {
    return cpu.raise(Exception::INE);
}

}  // namespace lkvm::la::sem
