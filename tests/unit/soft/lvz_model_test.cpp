// SPDX-License-Identifier: GPL-2.0-or-later
// Virtualization extension: random TLB contents of two guests, invalidations and switches, with
// every access compared with what a plain list of entries says.
#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <ostream>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/lvz_machine.hpp"

namespace lkvm::test {
namespace {

using la::Exception;
using la::Insn;
using namespace la::csr;
using namespace reg;

constexpr std::uint64_t window = 0x9000000000000000;  ///< code, at PLV 0 and 3
constexpr std::uint64_t data_window = 0xa000000000000000;
constexpr unsigned pages = 16;  ///< of data, of each region
constexpr std::uint64_t low_base = 0x7000000;
constexpr std::uint64_t high_base = 0xffff800000100000;
constexpr std::uint64_t data_gpa = 0x40100000;
constexpr std::uint64_t data_hpa = LvzMachine::second_memory;

enum class How : std::uint8_t { load, store, fetch };

struct Entry {
    bool stage2 = false;
    unsigned gid = 0;
    unsigned asid = 0;
    bool global = false;
    std::uint64_t base = 0;  ///< of the pair
    unsigned bits = 12;
    std::array<std::uint64_t, 2> lo{};

    [[nodiscard]] bool covers(std::uint64_t address) const {
        return ((address ^ base) & 0xffffffffffff) >> (bits + 1) == 0;
    }
    [[nodiscard]] bool in_asid(unsigned other) const { return global || asid == other; }
};

/// What an access comes to. page: of data_hpa, if it is done.
struct Outcome {
    bool done = false;
    bool root = false;  ///< whose exception it is
    Exception exception = Exception::INT;
    std::uint64_t where = 0;  ///< its address, or the machine's
    friend bool operator==(const Outcome&, const Outcome&) = default;
    friend std::ostream& operator<<(std::ostream& out, const Outcome& o) {
        return out << (o.done   ? "done"
                       : o.root ? "root's"
                                : "guest's")
                   << " exception " << std::hex << static_cast<unsigned>(o.exception) << " at "
                   << o.where;
    }
};

/// The architecture: a list without replacement.
class Model {
public:
    unsigned gid = 1;
    unsigned asid = 0;
    unsigned level = 0;
    bool direct = false;
    std::uint64_t data_dmw = 0;
    std::vector<Entry> entries;

    void fill(const Entry& made) {
        std::erase_if(entries, [&](const Entry& old) {
            return old.stage2 == made.stage2 && old.gid == made.gid &&
                   (old.stage2 || old.in_asid(made.asid) || made.global) &&
                   (old.covers(made.base) || made.covers(old.base));
        });
        entries.push_back(made);
    }
    [[nodiscard]] Outcome access(std::uint64_t address, How how) const {
        std::uint64_t gpa = address & la::physical_mask;
        const bool through_window =
            address >> 60 == data_dmw >> 60 && ((data_dmw >> level) & 1) != 0;
        if (!direct && !through_window) {
            const auto canonical =
                static_cast<std::uint64_t>(static_cast<std::int64_t>(address << 16) >> 16);
            if (canonical != address) {
                const bool fetch = how == How::fetch;
                return {.exception = fetch ? Exception::ADEF : Exception::ADEM, .where = address};
            }
            const Outcome first = look_up(false, address, how, level);
            if (!first.done) return first;
            gpa = first.where;
        }
        return look_up(true, gpa, how, 0);
    }

private:
    [[nodiscard]] Outcome look_up(bool stage2, std::uint64_t address, How how,
                                  unsigned at_level) const {
        const auto refused = [&](Exception exception) {
            return Outcome{.root = stage2, .exception = exception, .where = address};
        };
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& one) {
            return one.stage2 == stage2 && one.gid == gid && (stage2 || one.in_asid(asid)) &&
                   one.covers(address);
        });
        if (found == entries.end()) return refused(Exception::TLBR);
        const std::uint64_t lo = found->lo[(address >> found->bits) & 1];
        if (!tlbelo::V::get(lo)) {
            constexpr std::array invalid = {Exception::PIL, Exception::PIS, Exception::PIF};
            return refused(invalid[static_cast<unsigned>(how)]);
        }
        if (how == How::fetch && tlbelo::NX::get(lo)) return refused(Exception::PNX);
        const unsigned page_level = tlbelo::PLV::get(lo);
        if (tlbelo::RPLV::get(lo) ? at_level != page_level : at_level > page_level) {
            return refused(Exception::PPI);
        }
        if (how == How::load && tlbelo::NR::get(lo)) return refused(Exception::PNR);
        if (how == How::store && !tlbelo::D::get(lo)) return refused(Exception::PME);
        const std::uint64_t inside = (std::uint64_t{1} << found->bits) - 1;
        return {.done = true, .where = (lo & tlbelo::PPN::mask & ~inside) | (address & inside)};
    }
};

/// The machine, driven like the model. Page n of data has `syscall n + 1` first, n + 0x1000 at 8,
/// and takes stores at 16.
class Subject : public LvzMachine {
public:
    Subject() {
        Program trap{guest_base};  // EENTRY
        trap.csrrd(s0, estat::number).csrrd(s1, BADV).csrrd(s2, BADI);
        load_guest(trap.op(Insn::hvcl, {.imm = 1}));
        Program miss{guest_base + 0x1000};  // TLBRENTRY
        load_guest(miss.csrrd(s1, TLBRBADV).op(Insn::hvcl, {.imm = 2}));
        // What the guest executes, once each: rewriting it would make the CPU forget all code.
        const auto add = [&](std::uint32_t word) {
            bodies_.word(word).op(Insn::syscall, {.imm = 0x7000});
        };
        add(la::encode(Insn::ld_d, {.rd = a1, .rj = a0, .imm = 8}));
        add(la::encode(Insn::st_d, {.rd = a1, .rj = a0, .imm = 16}));
        add(la::encode(Insn::jirl, {.rd = ra, .rj = a0}));
        for (std::int32_t op = 0; op < 7; ++op) {
            add(la::encode(Insn::invtlb, {.rj = a0, .rk = a1, .imm = op}));
        }
        load_guest(bodies_);
        for (unsigned n = 0; n < pages; ++n) {
            write(data_hpa + n * 0x1000,
                  la::encode(Insn::syscall, {.imm = static_cast<std::int32_t>(n + 1)}));
            write(data_hpa + n * 0x1000 + 8, std::uint64_t{n} + 0x1000);
        }
        set_guest(EENTRY, window | guest_base).set_guest(TLBRENTRY, guest_base + 0x1000);
        set_guest(dmw::number0, window | 0x9);
        set_guest(stlbps::number, 12);
        stop_at_refills(true);
    }
    void fill(const Entry& entry) {
        const TlbPair pair{.address = entry.base,
                           .even = entry.lo[0],
                           .odd = entry.lo[1],
                           .size_bits = entry.bits,
                           .asid = entry.asid};
        if (entry.stage2) return fill_stage2(entry.gid, pair);
        const std::uint64_t before = get_guest(asid::number);
        fill_stage1(entry.gid, pair);
        change_guest(asid::number, before, asid::ASID::mask);
    }
    /// One of the bodies (by kind of access, then invtlb operations) in the state of `model`, and
    /// what came of it.
    GuestExit execute(unsigned body, const Model& model) {
        set_guest(crmd::number, (model.direct ? crmd::DA::mask : crmd::PG::mask) | model.level);
        // The guest's code and handlers.
        if (!has_stage2(gid(), guest_base)) {
            fill_stage2(gid(), {.address = guest_base,
                                .even = guest_memory | page_bits,
                                .odd = (guest_memory + 0x1000) | page_bits});
        }
        prepare_entry((model.direct ? 0 : window) | (bodies_.base() + body * 8));
        cpu().pc = cached | entry_stub;
        la::CpuTestAccess::resume(cpu());
        cpu().run();
        const GuestExit exit = finish_exit();
        set_guest(tlbrera::number, 0);  // its refill, if it was one, is given up
        return exit;
    }
    Outcome access(std::uint64_t address, How how, const Model& model) {
        gpr(a0) = address;
        gpr(a1) = ++stored_;
        const GuestExit exit = execute(static_cast<unsigned>(how), model);
        if (exit.reason != Exception::HVC) {
            return {.root = true, .exception = exit.reason, .where = exit.address};
        }
        if ((exit.word & 0x7fff) == 2) return {.exception = Exception::TLBR, .where = gpr(s1)};
        const auto fault =
            static_cast<Exception>(estat::Ecode::get(gpr(s0)) | estat::EsubCode::get(gpr(s0)) << 6);
        if (fault != Exception::SYS) return {.exception = fault, .where = gpr(s1)};
        const std::uint64_t code = gpr(s2) & 0x7fff;
        switch (how) {
            case How::load:
                return {.done = true, .where = page_at(gpr(a1) - 0x1000) + 8};
            case How::fetch:
                return {.done = true, .where = page_at(code - 1)};
            case How::store:
                break;
        }
        for (std::uint64_t n = 0; n < pages; ++n) {
            if (read<std::uint64_t>(page_at(n) + 16) == stored_) {
                return {.done = true, .where = page_at(n) + 16};
            }
        }
        return {};
    }

private:
    static std::uint64_t page_at(std::uint64_t n) { return data_hpa + n * 0x1000; }
    Program bodies_{guest_base + 0x800};
    std::uint64_t stored_ = 0;
};

class Comparison {
public:
    explicit Comparison(unsigned seed)
        : random_(seed) {}

    void steps(unsigned count) {
        for (unsigned i = 0; i < count && !testing::Test::HasFailure(); ++i) {
            switch (up_to(10)) {
                case 0:
                case 1:
                    fill(false);
                    break;
                case 2:
                case 3:
                    fill(true);
                    break;
                case 4:
                    change_state();
                    break;
                case 5:
                    if (one_in(6)) invalidate_by_root();
                    if (one_in(8)) invalidate_by_guest();
                    break;
                default:
                    access();
                    break;
            }
            if (testing::Test::HasFailure()) ADD_FAILURE() << "step " << i;
        }
        EXPECT_GT(done_, count / 20);
    }

private:
    std::uint64_t up_to(std::uint64_t end) { return random_() % end; }
    bool one_in(std::uint64_t n) { return up_to(n) == 0; }

    std::uint64_t lo(bool stage2) {
        const std::uint64_t ppn = (stage2 ? data_hpa : data_gpa) + up_to(pages) * 0x1000;
        std::uint64_t value = ppn | 0x10;
        value = tlbelo::V::put(value, !one_in(12));
        value = tlbelo::D::put(value, !one_in(5));
        value = tlbelo::PLV::put(value, one_in(3) ? 0 : 3);
        value = tlbelo::NR::put(value, one_in(16));
        value = tlbelo::NX::put(value, one_in(16));
        return tlbelo::RPLV::put(value, !stage2 && one_in(10));
    }
    std::uint64_t region() { return one_in(3) ? high_base : low_base; }
    void fill(bool stage2) {
        Entry entry;
        entry.stage2 = stage2;
        entry.gid = one_in(4) ? 3 - model_.gid : model_.gid;
        entry.asid = static_cast<unsigned>(up_to(2));
        entry.bits = one_in(4) ? 14 : 12;
        const std::uint64_t inside = (std::uint64_t{2} << entry.bits) - 1;
        entry.base = ((stage2 ? data_gpa : region()) + up_to(pages) * 0x1000) & ~inside;
        entry.lo = {lo(stage2), lo(stage2)};
        entry.global = !stage2 && one_in(4);
        if (entry.global) {
            for (std::uint64_t& half : entry.lo) half = tlbelo::G::put(half, true);
        }
        machine_.fill(entry);
        model_.fill(entry);
    }
    void change_state() {
        switch (up_to(5)) {
            case 0:
                model_.gid = 3 - model_.gid;
                machine_.select(model_.gid, machine_.stage2);
                break;
            case 1:
                model_.asid = 1 - model_.asid;
                machine_.change_guest(asid::number, model_.asid, asid::ASID::mask);
                break;
            case 2:
                model_.data_dmw = one_in(2) ? 0 : data_window | (one_in(2) ? 1 : 9);
                machine_.set_guest(dmw::number0 + 1, model_.data_dmw);
                break;
            case 3:
                model_.level = one_in(2) ? 0 : 3;
                break;
            default:
                model_.direct = one_in(4);
                if (model_.direct) model_.level = 0;
                break;
        }
    }
    void invalidate_by_root() {
        constexpr std::array ops = {0x9,  0xa,  0xb,  0xc,  0xd,  0xe,  0x10,
                                    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x16};
        const int op = ops[up_to(ops.size())];
        const auto gid = static_cast<unsigned>(1 + up_to(2));
        const auto asid = static_cast<unsigned>(up_to(2));
        const std::uint64_t address = (op == 0x16 ? data_gpa : region()) + up_to(pages) * 0x1000;
        machine_.invalidate(op, gid << 16 | asid, address);
        std::erase_if(model_.entries, [&](const Entry& e) {
            const bool first = !e.stage2 && (e.gid == gid || op == 0x10 || op == 0x12);
            const bool second = e.stage2 && (e.gid == gid || op == 0x11 || op == 0x12);
            switch (op) {
                case 0xa:
                    return first && e.global;
                case 0xb:
                    return first && !e.global;
                case 0xc:
                    return first && !e.global && e.asid == asid;
                case 0xd:
                    return first && !e.global && e.asid == asid && e.covers(address);
                case 0xe:
                    return first && e.in_asid(asid) && e.covers(address);
                case 0x9:
                case 0x10:
                case 0x13:
                    return first;
                case 0x11:
                case 0x14:
                    return second;
                case 0x16:
                    return second && e.covers(address);
                default:
                    return first || second;
            }
        });
    }
    void invalidate_by_guest() {
        const auto op = static_cast<std::int32_t>(up_to(7));
        const auto asid = static_cast<unsigned>(up_to(2));
        const std::uint64_t address = region() + up_to(pages) * 0x1000;
        Model state = model_;
        state.level = 0;
        machine_.gpr(a0) = asid;
        machine_.gpr(a1) = address;
        const GuestExit exit = machine_.execute(static_cast<unsigned>(3 + op), state);
        ASSERT_EQ(exit.reason, Exception::HVC);
        ASSERT_EQ(estat::Ecode::get(machine_.gpr(s0)), ecode(Exception::SYS));
        std::erase_if(model_.entries, [&](const Entry& e) {
            if (e.stage2 || e.gid != model_.gid) return false;
            switch (op) {
                case 2:
                    return e.global;
                case 3:
                    return !e.global;
                case 4:
                    return !e.global && e.asid == asid;
                case 5:
                    return !e.global && e.asid == asid && e.covers(address);
                case 6:
                    return e.in_asid(asid) && e.covers(address);
                default:
                    return true;
            }
        });
    }
    std::uint64_t new_address() {
        const std::uint64_t base = model_.direct ? data_gpa
                                   : one_in(4)   ? data_window | data_gpa
                                                 : region();
        return base + up_to(pages) * 0x1000;
    }
    void access() {
        // Often what was accessed shortly before: what is stale shows there.
        const auto how = static_cast<How>(up_to(3));
        std::uint64_t& place = recent_[up_to(recent_.size())];
        const std::uint64_t address = one_in(2) ? new_address() : place;
        place = address;
        constexpr std::array<std::uint64_t, 3> offsets = {8, 16, 0};
        const Outcome expected = model_.access(address + offsets[static_cast<unsigned>(how)], how);
        const Outcome seen = machine_.access(address, how, model_);
        if (expected.done) ++done_;
        ASSERT_EQ(seen, expected) << "at " << std::hex << address << " kind "
                                  << static_cast<unsigned>(how);
    }

    std::mt19937 random_;
    Model model_;
    Subject machine_;
    std::array<std::uint64_t, 3> recent_{};
    unsigned done_ = 0;
};

TEST(Lvz, AgreesWithAPlainListOfEntries) {
    for (unsigned seed = 1; seed <= 20 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Comparison{seed}.steps(8000);
    }
}

}  // namespace
}  // namespace lkvm::test
