// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with the virtualization extension and a small hypervisor in root: it enters the guest
// as Linux KVM does, refills stage 2 from page tables and comes back with the reason of the exit.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "loongarch/csr/csr.hpp"
#include "loongarch/csr/exception.hpp"
#include "tests/support/soft_machine.hpp"

namespace lkvm::test {

/// Four levels of tables with 4 KiB pages and 9 bits each, as a walk with lddir and ldpte reads
/// them. Absent subtrees are tables of invalid pages. Tables lie at `pool` in the machine's memory
/// and hold addresses lower by `bias` (for a guest's own tables: HPA - GPA).
class PageTables {
public:
    /// PTbase 12, Dir1_base 21, Dir2_base 30, Dir3_base 39, all 9 bits wide.
    static constexpr std::uint64_t pwcl = 12 | 9 << 5 | 21 << 10 | 9 << 15 | 30 << 20 | 9 << 25;
    static constexpr std::uint64_t pwch = 39 | 9 << 6;
    static constexpr std::uint64_t huge = 1u << 6;
    static constexpr std::uint64_t huge_bytes = std::uint64_t{1} << 21;

    PageTables(SoftMachine& machine, std::uint64_t pool, std::uint64_t bias = 0)
        : machine_(machine)
        , next_(pool)
        , bias_(bias) {
        invalid_[0] = table(0);
        for (unsigned level = 1; level < 3; ++level) invalid_[level] = table(invalid_[level - 1]);
        root_ = table(invalid_[2]);
    }

    /// For PGDL.
    [[nodiscard]] std::uint64_t root() const { return root_; }
    /// Sets the entry of the 4 KiB page at `address`, or of the 2 MiB page if it has the huge bit.
    void set(std::uint64_t address, std::uint64_t entry) {
        machine_.write(place(address, (entry & huge) != 0 ? 1 : 0), entry);
    }
    [[nodiscard]] std::uint64_t get(std::uint64_t address) {
        return machine_.read<std::uint64_t>(place(address, 0));
    }

private:
    std::uint64_t table(std::uint64_t filling) {
        const std::uint64_t made = next_;
        next_ += 0x1000;
        for (unsigned i = 0; i < 512; ++i) machine_.write(made + i * 8, filling);
        return made - bias_;
    }
    /// Where the entry for `address` in the table of `level` lies, made if needed.
    std::uint64_t place(std::uint64_t address, unsigned level) {
        std::uint64_t at = root_;
        for (unsigned here = 3;; --here) {
            const std::uint64_t where = at + bias_ + ((address >> (12 + 9 * here)) & 511) * 8;
            if (here == level) return where;
            at = machine_.read<std::uint64_t>(where);
            if (at == invalid_[here - 1]) {
                at = table(here == 1 ? 0 : invalid_[here - 2]);
                machine_.write(where, at);
            }
        }
    }

    SoftMachine& machine_;
    std::uint64_t next_;
    std::uint64_t bias_;
    std::uint64_t root_ = 0;
    std::array<std::uint64_t, 3> invalid_{};  ///< tables of level 0, 1, 2
};

/// The refill handler of Linux: `levels` as PageTables has them.
inline Program refill_handler(std::uint64_t base) {
    using la::Insn;
    using namespace la::csr;
    Program code{base};
    code.csrwr(reg::t0, TLBRSAVE).csrrd(reg::t0, PGD);
    for (const std::int32_t level : {3, 2, 1}) {
        code.op(Insn::lddir, {.rd = reg::t0, .rj = reg::t0, .imm = level});
    }
    code.op(Insn::ldpte, {.rj = reg::t0, .imm = 0}).op(Insn::ldpte, {.rj = reg::t0, .imm = 1});
    return code.op(Insn::tlbfill).csrrd(reg::t0, TLBRSAVE).op(Insn::ertn);
}

/// Why and how the guest was left.
struct GuestExit {
    bool refill = false;  ///< came through TLBRENTRY; the codes say nothing then
    la::Exception reason{};
    std::uint64_t pc = 0;       ///< ERA or TLBRERA
    std::uint64_t address = 0;  ///< BADV or TLBRBADV
    std::uint32_t word = 0;     ///< BADI
};

class LvzMachine : public SoftMachine {
public:
    static constexpr std::uint64_t uncached = 0x8000000000000000;
    static constexpr std::uint64_t cached = 0x9000000000000000;
    /// Guest-physical memory: `guest_size` bytes at guest_base, mapped by 4 KiB pages.
    static constexpr std::uint64_t guest_base = 0x40000000;
    static constexpr std::uint64_t guest_size = 0x100000;
    /// Where it is in the machine, and where that of a second guest is.
    static constexpr std::uint64_t guest_memory = ram_base + 0x100000;
    static constexpr std::uint64_t second_memory = ram_base + 0x200000;
    static constexpr std::uint64_t free_memory = ram_base + 0x300000;
    /// A guest-physical page that stage 2 maps nowhere.
    static constexpr std::uint64_t guest_hole = 0x20000000;
    /// V, D, coherent cached.
    static constexpr std::uint64_t page_bits = 0x13;

    LvzMachine()
        : LvzMachine(with_lvz()) {}
    explicit LvzMachine(Options options)
        : SoftMachine(options) {
        using namespace la::csr;
        Program stub{entry_stub};
        load(stub.op(la::Insn::ertn));
        for (const std::uint64_t where : {exit_stub, refill_stop_stub}) {
            Program leave{where};
            load(leave.csrwr(reg::r21, SAVE0 + 7).stop(uncached | stop_address));
        }
        load(refill_handler(refill_stub));
        set(dmw::number0, uncached | 1).set(dmw::number0 + 1, cached | 0x11);
        set(crmd::number, crmd::PG::mask);
        set(pwcl::number, PageTables::pwcl).set(pwch::number, PageTables::pwch);
        set(stlbps::number, 12).set(EENTRY, cached | exit_stub).set(TLBRENTRY, refill_stub);
        // As kvm_arch_enable_virtualization_cpu.
        set(gcfg::number, 0).set(gstat::number, 0).set(gintc::number, 0);
        change(gtlbc::number, 0, gtlbc::USETGID::mask | gtlbc::TOTI::mask);
        set(gcfg::number, gcfg::GCI::put(gcfg::MATC::put(0, 1), 2));
        change(gtlbc::number, UINT64_MAX, gtlbc::USETGID::mask);
        map_range(stage2, guest_base, guest_memory, guest_size);
        select(1, stage2);
    }

    static Options with_lvz(unsigned gid_bits = 8) {
        Options options;
        options.config = la::CpuConfig::full().with_lvz();
        options.config.gid_bits = gid_bits;
        return options;
    }

    PageTables stage2{*this, ram_base + 0x10000};
    PageTables second_stage2{*this, ram_base + 0x80000};

    void map_range(PageTables& tables, std::uint64_t gpa, std::uint64_t hpa, std::uint64_t size) {
        for (std::uint64_t at = 0; at < size; at += 0x1000) {
            tables.set(gpa + at, (hpa + at) | page_bits);
        }
    }

    // --- Registers, as the instructions of root reach them --------------------------------------

    LvzMachine& set(unsigned csr, std::uint64_t value) {
        cpu().write_csr(csr, value);
        return *this;
    }
    LvzMachine& change(unsigned csr, std::uint64_t value, std::uint64_t mask) {
        cpu().write_csr(csr, value, mask);
        return *this;
    }
    [[nodiscard]] std::uint64_t get(unsigned csr) { return cpu().read_csr(csr); }
    LvzMachine& set_guest(unsigned csr, std::uint64_t value) {
        cpu().write_guest_csr(csr, value, UINT64_MAX);
        return *this;
    }
    LvzMachine& change_guest(unsigned csr, std::uint64_t value, std::uint64_t mask) {
        cpu().write_guest_csr(csr, value, mask);
        return *this;
    }
    [[nodiscard]] std::uint64_t get_guest(unsigned csr) { return cpu().read_guest_csr(csr); }
    [[nodiscard]] std::uint64_t& gpr(std::uint8_t number) { return cpu().gpr[number]; }

    /// Root executes one instruction (in paging or direct mode, not while the guest runs).
    void root(la::Insn insn, la::EncodeOperands operands = {}) {
        EXPECT_TRUE(la::encodable(insn, operands)) << la::info(insn).text;
        // Each has a place of its own: writing code makes the CPU forget all code.
        const auto [place, is_new] =
            scratch_.try_emplace(la::encode(insn, operands), scratch + 4 * scratch_.size());
        if (is_new) write(place->second, place->first);
        cpu().pc = cached | place->second;
        step(1);
    }

    // --- The guest ------------------------------------------------------------------------------

    /// Loads a program whose base is a guest-physical address of the first guest.
    void load_guest(const Program& program, std::uint64_t memory_base = guest_memory) {
        write_bytes(memory_base + (program.base() - guest_base),
                    std::as_bytes(std::span{program.words()}));
    }
    /// The guest that runs from now on: its identifier and its stage 2.
    void select(unsigned gid, const PageTables& tables) {
        gid_ = gid;
        tables_ = &tables;
        change(la::csr::gstat::number, la::csr::gstat::GID::put(0, gid), la::csr::gstat::GID::mask);
    }
    [[nodiscard]] unsigned gid() const { return gid_; }
    /// Stage-2 misses end run_guest() instead of being refilled.
    void stop_at_refills(bool stop) {
        set(la::csr::TLBRENTRY, stop ? refill_stop_stub : refill_stub);
    }

    /// What KVM does before its ertn (kvm_switch_to_guest); the guest continues at `pc`.
    void prepare_entry(std::uint64_t pc) {
        using namespace la::csr;
        set(ERA, pc).set(PGDL, tables_->root());
        change(gtlbc::number, gtlbc::TGID::put(0, gid_), gtlbc::TGID::mask);
        set(prmd::number, prmd::PIE::mask);
        change(gstat::number, UINT64_MAX, gstat::PVM::mask);
    }
    /// What KVM does after an exit. A refill that was stopped is given up.
    GuestExit finish_exit() {
        using namespace la::csr;
        EXPECT_FALSE(cpu().in_guest());
        EXPECT_TRUE(gstat::PVM::get(get(gstat::number)));
        GuestExit exit;
        exit.refill = tlbrera::IsTLBR::get(get(tlbrera::number));
        if (exit.refill) {
            EXPECT_TRUE(tlbrprmd::PGM::get(get(tlbrprmd::number)));
            exit.reason = la::Exception::TLBR;
            exit.pc = get(tlbrera::number) & tlbrera::PC::mask;
            exit.address = get(TLBRBADV);
            change(tlbrera::number, 0, tlbrera::IsTLBR::mask);
            change(tlbrprmd::number, 0, tlbrprmd::PGM::mask);
            set(crmd::number, crmd::PG::mask);
        } else {
            const std::uint64_t status = get(estat::number);
            exit.reason = static_cast<la::Exception>(estat::Ecode::get(status) |
                                                     estat::EsubCode::get(status) << 6);
            exit.pc = get(ERA);
            exit.address = get(BADV);
            exit.word = static_cast<std::uint32_t>(get(BADI));
        }
        change(gstat::number, 0, gstat::PVM::mask);
        change(gtlbc::number, 0, gtlbc::TGID::mask);
        return exit;
    }
    /// Runs the guest from `pc` until it is left.
    GuestExit run_guest(std::uint64_t pc) {
        prepare_entry(pc);
        cpu().request_attention();  // the clock may have moved
        run(cached | entry_stub);
        gpr(reg::r21) = get(la::csr::SAVE0 + 7);
        return finish_exit();
    }
    GuestExit run_guest(const Program& program) {
        load_guest(program);
        return run_guest(program.base());
    }
    /// Enters the guest at `pc` and executes `steps` instructions, those of root after an exit too;
    /// an exception is one. A stage-2 refill takes 11.
    void step_guest(std::uint64_t pc, std::uint64_t steps) {
        prepare_entry(pc);
        cpu().pc = cached | entry_stub;
        step(1 + steps);
    }

    // --- The TLB --------------------------------------------------------------------------------

    struct TlbPair {
        std::uint64_t address = 0;
        std::uint64_t even = 0;  ///< TLBELO0
        std::uint64_t odd = 0;
        unsigned size_bits = 12;
        unsigned asid = 0;
    };
    /// Root's tlbfill with TGID = gid.
    void fill_stage2(unsigned gid, const TlbPair& pair) {
        using namespace la::csr;
        change(gtlbc::number, gtlbc::TGID::put(0, gid), gtlbc::TGID::mask);
        set(tlbidx::number, tlbidx::PS::put(0, pair.size_bits));
        set(tlbehi::number, pair.address);
        set(tlbelo::number0, pair.even).set(tlbelo::number1, pair.odd);
        change(asid::number, pair.asid, asid::ASID::mask);
        root(la::Insn::tlbfill);
        change(gtlbc::number, 0, gtlbc::TGID::mask);
    }
    /// Root's gtlbfill: a guest's own entry.
    void fill_stage1(unsigned gid, const TlbPair& pair) {
        using namespace la::csr;
        change(gtlbc::number, gtlbc::TGID::put(0, gid), gtlbc::TGID::mask);
        set_guest(tlbidx::number, tlbidx::PS::put(0, pair.size_bits));
        set_guest(tlbehi::number, pair.address);
        set_guest(tlbelo::number0, pair.even).set_guest(tlbelo::number1, pair.odd);
        change_guest(asid::number, pair.asid, asid::ASID::mask);
        root(la::Insn::gtlbfill);
        change(gtlbc::number, 0, gtlbc::TGID::mask);
    }
    [[nodiscard]] bool has_stage2(unsigned gid, std::uint64_t gpa) {
        using namespace la::csr;
        change(gtlbc::number, gtlbc::TGID::put(0, gid), gtlbc::TGID::mask);
        set(tlbehi::number, gpa);
        root(la::Insn::tlbsrch);
        change(gtlbc::number, 0, gtlbc::TGID::mask);
        return !tlbidx::NE::get(get(tlbidx::number));
    }
    [[nodiscard]] bool has_stage1(unsigned gid, std::uint64_t address, unsigned asid = 0) {
        using namespace la::csr;
        const std::uint64_t before = get_guest(asid::number);
        change(gtlbc::number, gtlbc::TGID::put(0, gid), gtlbc::TGID::mask);
        set_guest(tlbehi::number, address);
        change_guest(asid::number, asid, asid::ASID::mask);
        root(la::Insn::gtlbsrch);
        change_guest(asid::number, before, asid::ASID::mask);
        change(gtlbc::number, 0, gtlbc::TGID::mask);
        return !tlbidx::NE::get(get_guest(tlbidx::number));
    }
    /// invtlb op, rj, rk in root, with the general registers as they were afterwards.
    void invalidate(std::int32_t op, std::uint64_t operand = 0, std::uint64_t address = 0) {
        const std::uint64_t before[] = {gpr(reg::t0), gpr(reg::t1)};
        gpr(reg::t0) = operand;
        gpr(reg::t1) = address;
        root(la::Insn::invtlb, {.rj = reg::t0, .rk = reg::t1, .imm = op});
        gpr(reg::t0) = before[0];
        gpr(reg::t1) = before[1];
    }

protected:
    static constexpr std::uint64_t entry_stub = ram_base;
    static constexpr std::uint64_t scratch = ram_base + 0x4000;
    static constexpr std::uint64_t exit_stub = ram_base + 0x1000;
    static constexpr std::uint64_t refill_stub = ram_base + 0x2000;
    static constexpr std::uint64_t refill_stop_stub = ram_base + 0x3000;

private:
    std::map<std::uint32_t, std::uint64_t> scratch_;
    unsigned gid_ = 1;
    const PageTables* tables_ = &stage2;
};

}  // namespace lkvm::test
