// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/stream.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "loongarch/isa/encode.hpp"
#include "loongarch/soft/pairs.hpp"
#include "tests/isa/oracle/memory_operands.hpp"
#include "tests/isa/oracle/runner.hpp"
#include "tests/isa/support.hpp"

namespace lkvm::test::oracle {
namespace {

using la::Decoded;
using la::EncodeOperands;
using la::Format;
using la::Insn;

constexpr std::uint64_t stride = 1024;

/// Count the turns of the whole program and of a loop within; nothing else writes them.
constexpr std::uint8_t turns = 24, inner_turns = 28;
/// For a few instructions in a row.
constexpr std::uint8_t value = 25, place = 26, linked = 27;

constexpr std::uint32_t kept = 1u << body_register | 1u << context_register | 1u << base_register |
                               1u << displacement_register | 1u << turns | 1u << inner_turns;

template<class Predicate>
std::vector<Insn> choose(Predicate&& wanted) {
    std::vector<Insn> list;
    for (const Insn insn : all_insns()) {
        if (is_implemented(insn) && wanted(insn)) list.push_back(insn);
    }
    return list;
}

/// Those that begin pairs.
const std::vector<Insn>& pairable() {
    static const auto list =
        choose([](Insn insn) { return la::pair_handler(insn, Insn::b) != nullptr; });
    return list;
}

const std::vector<Insn>& branches() {
    static const auto list = choose([](Insn insn) { return la::is_branch(la::format_of(insn)); });
    return list;
}

const std::vector<Insn>& read_modify_write() {
    static const auto list = choose([](Insn insn) {
        return is_atomic(insn) && std::string_view(la::info(insn).text).starts_with("am");
    });
    return list;
}

class Maker {
public:
    Maker(Random& random, std::size_t index, Barriers barriers)
        : random_(random)
        , barriers_(barriers) {
        before_ = sequence_state(random, index);
        before_.gpr[body_register] = body_base + index * stride;
        before_.gpr[turns] = 2 + random.below(4);
    }

    Case make() {
        const std::size_t size = 40 + random_.below(160);
        const std::size_t end = random_.one_in(30) ? random_.below(size) : size;
        while (words_.size() < size) {
            if (words_.size() >= end) emit(Insn::break_);
            add_piece();
            land(false);
        }
        land(true);
        emit(Insn::addi_d, {.rd = turns, .rj = turns, .imm = -1});
        emit(Insn::bnez, {.rj = turns, .imm = -offset(words_.size())});
        for (const Patch& patch : patches_) fill_in(patch);
        Case out;
        out.body.words = words_;
        out.body.before = before_;
        return out;
    }

private:
    /// Ways to store into the program.
    enum class Way { word, word_too, both, low_byte, low_half, swap, conditional, count };
    struct Patch {
        Way way;
        std::size_t at;
    };
    struct Pending {
        std::size_t branch;
        std::uint64_t pieces;  ///< that it goes over
    };

    static std::int32_t offset(std::size_t words) { return static_cast<std::int32_t>(words * 4); }

    void emit(Insn insn, const EncodeOperands& operands = {}) {
        words_.push_back(la::encode(insn, operands));
    }
    template<class T>
    const T& any_of(const std::vector<T>& list) {
        return list[random_.below(list.size())];
    }
    std::uint8_t any_register() { return static_cast<std::uint8_t>(random_.below(32)); }
    std::uint8_t free_register() {
        for (;;) {
            const std::uint8_t one = any_register();
            if ((kept >> one & 1) == 0) return one;
        }
    }
    std::int32_t aligned_offset() {
        return (static_cast<std::int32_t>(random_.below(24)) - 12) * 8;
    }

    Decoded any_plain() {
        for (;;) {
            const Insn insn = random_.one_in(3) ? any_of(all_insns()) : any_of(pairable());
            if (const auto decoded = plain(insn, random_, kept)) return *decoded;
        }
    }
    void add_plain(std::uint64_t count) {
        for (; count != 0; --count) {
            const Decoded decoded = any_plain();
            const bool simple =
                la::format_of(decoded.insn) == Format::DJK && !is_memory(decoded.insn);
            (simple && random_.one_in(2) ? narrow_sites_ : sites_).push_back(words_.size());
            words_.push_back(la::encode(decoded));
        }
    }

    void add_piece() {
        switch (random_.below(16)) {
            case 0:
            case 1:
            case 2:
                return add_branch();
            case 3:
                return add_linked();
            case 4:
                return add_read_modify_write();
            case 5:
                return add_loop();
            case 6:
            case 7:
                return add_patch();
            default:
                return add_plain(1 + random_.below(4));
        }
    }

    void add_branch() {
        const Insn insn = any_of(branches());
        EncodeOperands operands{.rd = any_register(), .rj = any_register()};
        if (insn == Insn::jirl) operands = {.rd = free_register(), .rj = body_register};
        if (la::format_of(insn) == Format::CJ_OFF21) operands.rj &= 7;
        pending_.push_back({words_.size(), random_.below(4)});
        emit(insn, operands);
    }
    /// Makes branches that went far enough (or `all`) go to what comes next.
    void land(bool all) {
        std::erase_if(pending_, [&](Pending& one) {
            if (!all && one.pieces-- != 0) return false;
            Decoded decoded;
            if (!la::decode(words_[one.branch], decoded)) return false;
            const bool absolute = decoded.insn == Insn::jirl;  // body_register is its base
            decoded.imm = offset(words_.size() - (absolute ? 0 : one.branch));
            words_[one.branch] = la::encode(decoded);
            return true;
        });
    }

    void add_linked() {
        const bool wide = random_.one_in(2);
        const bool ordered = random_.one_in(4);
        const std::int32_t at = ordered ? 0 : aligned_offset();
        const Insn load =
            ordered ? (wide ? Insn::llacq_d : Insn::llacq_w) : (wide ? Insn::ll_d : Insn::ll_w);
        const Insn store =
            ordered ? (wide ? Insn::screl_d : Insn::screl_w) : (wide ? Insn::sc_d : Insn::sc_w);
        emit(load, {.rd = free_register(), .rj = base_register, .imm = at});
        add_plain(random_.below(3));
        const bool elsewhere = random_.one_in(8);
        emit(
            store,
            {.rd = free_register(), .rj = base_register, .imm = elsewhere ? aligned_offset() : at});
    }

    void add_read_modify_write() {
        EncodeOperands operands{.rd = free_register(), .rj = base_register};
        do operands.rk = any_register();
        while (operands.rk == operands.rd);
        emit(any_of(read_modify_write()), operands);
    }

    void add_loop() {
        emit(Insn::ori,
             {.rd = inner_turns, .imm = static_cast<std::int32_t>(1 + random_.below(6))});
        const std::size_t start = words_.size();
        add_plain(1 + random_.below(4));
        emit(Insn::addi_d, {.rd = inner_turns, .rj = inner_turns, .imm = -1});
        emit(Insn::bnez, {.rj = inner_turns, .imm = -offset(words_.size() - start)});
    }

    /// Leaves room; what is stored where is chosen when the program is complete.
    void add_patch() {
        const auto way = static_cast<Way>(random_.below(static_cast<std::uint64_t>(Way::count)));
        patches_.push_back({way, words_.size()});
        words_.resize(words_.size() + patch_words, la::encode(Insn::andi));
        if (barriers_ == Barriers::always || random_.one_in(2)) emit(Insn::ibar);
        add_plain(random_.below(3));
    }
    static constexpr std::size_t patch_words = 7;

    /// Sets value to `constant`.
    void put_constant(std::vector<std::uint32_t>& code, std::uint32_t constant) {
        const auto high = static_cast<std::int32_t>(constant) >> 12;
        code.push_back(la::encode(Insn::lu12i_w, {.rd = value, .imm = high}));
        code.push_back(la::encode(
            Insn::ori,
            {.rd = value, .rj = value, .imm = static_cast<std::int32_t>(constant & 0xfff)}));
    }

    /// A place to store to: often the instruction behind the patch.
    std::size_t site(const std::vector<std::size_t>& sites, const Patch& patch) {
        if (random_.one_in(3)) {
            for (const std::size_t one : sites) {
                if (one > patch.at) return one;
            }
        }
        return any_of(sites);
    }

    void fill_in(const Patch& patch) {
        const bool narrow = patch.way == Way::low_byte || patch.way == Way::low_half;
        const auto& sites = narrow ? narrow_sites_ : sites_;
        if (sites.empty()) return;
        const std::size_t at = site(sites, patch);
        std::vector<std::uint32_t> code;
        const EncodeOperands to{.rd = value, .rj = body_register, .imm = offset(at)};
        const EncodeOperands by_place{.rd = value, .rj = place};
        switch (patch.way) {
            case Way::word:
            case Way::word_too:
                put_constant(code, la::encode(any_plain()));
                code.push_back(la::encode(patch.way == Way::word ? Insn::st_w : Insn::stptr_w, to));
                break;
            case Way::both: {
                // The next one, too, must be free to change.
                const bool next = std::ranges::find(sites, at + 1) != sites.end();
                put_constant(code, la::encode(any_plain()));
                if (next) {
                    const std::uint32_t upper = la::encode(any_plain());
                    code.push_back(la::encode(Insn::or_, {.rd = place, .rj = value}));
                    put_constant(code, upper);
                    code.push_back(la::encode(Insn::bstrins_d,
                                              {.rd = place, .rj = value, .ra = 63, .imm = 32}));
                    code.push_back(la::encode(
                        Insn::st_d, {.rd = place, .rj = body_register, .imm = offset(at)}));
                } else {
                    code.push_back(la::encode(Insn::st_w, to));
                }
                break;
            }
            case Way::low_byte:
                put_constant(code, (words_[at] & ~0x1fu) | free_register());
                code.push_back(la::encode(Insn::st_b, to));
                break;
            case Way::low_half:
                put_constant(code, (words_[at] & ~0x7fffu) | free_register() |
                                       static_cast<std::uint32_t>(random_.below(1024)) << 5);
                code.push_back(la::encode(Insn::st_h, to));
                break;
            case Way::swap:
            case Way::conditional:
                code.push_back(la::encode(Insn::addi_d,
                                          {.rd = place, .rj = body_register, .imm = offset(at)}));
                put_constant(code, la::encode(any_plain()));
                if (patch.way == Way::swap) {
                    code.push_back(la::encode(Insn::amswap_db_w, {.rj = place, .rk = value}));
                } else {
                    code.push_back(la::encode(Insn::ll_w, {.rd = linked, .rj = place}));
                    code.push_back(la::encode(Insn::sc_w, by_place));
                }
                break;
            case Way::count:
                break;
        }
        // As late as possible, so that nothing stands between the store and the barrier.
        std::ranges::copy(code, words_.begin() + static_cast<std::ptrdiff_t>(
                                                     patch.at + patch_words - code.size()));
    }

    Random& random_;
    const Barriers barriers_;
    CaseBlock before_;
    std::vector<std::uint32_t> words_;
    std::vector<Pending> pending_;
    std::vector<Patch> patches_;
    /// Instructions that may become any plain one, and those that keep all but their registers.
    std::vector<std::size_t> sites_;
    std::vector<std::size_t> narrow_sites_;
};

}  // namespace

Case make_stream(Random& random, std::size_t index, Barriers barriers) {
    return Maker(random, index, barriers).make();
}

}  // namespace lkvm::test::oracle
