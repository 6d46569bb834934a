// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/memory_operands.hpp"

#include <cstring>
#include <string_view>

#include "loongarch/isa/encode.hpp"

namespace lkvm::test::oracle {
namespace {

using la::Decoded;
using la::Format;
using la::Insn;

std::string_view text_of(Insn insn) {
    return la::info(insn).text;
}

bool is_store_conditional(Insn insn) {
    const std::string_view text = text_of(insn);
    return text.starts_with("sc.") || text.starts_with("screl.");
}

std::uint8_t other_register(Random& random, std::uint8_t a, std::uint8_t b = 0) {
    for (;;) {
        const auto one = static_cast<std::uint8_t>(random.below(32));
        if (one != 0 && one != context_register && one != body_register && one != a && one != b) {
            return one;
        }
    }
}

std::uint64_t memory_value(const CaseBlock& state, std::uint64_t at, unsigned size) {
    std::uint64_t value = 0;
    std::memcpy(&value, state.memory.data() + at, size < 8 ? size : 8);
    if (size >= 8) return value;
    const std::uint64_t top = std::uint64_t{1} << (8 * size - 1);
    return (value ^ top) - top;
}

/// sc needs its ll before it: mostly the right one, sometimes one for another place.
void prepare_conditional(Body& body, const Decoded& decoded, Random& random) {
    const bool wide = access_size(decoded.insn) >= 8;
    const bool plain = la::format_of(decoded.insn) == Format::MJ_SI14S2;
    const Insn link =
        plain ? (wide ? Insn::ll_d : Insn::ll_w) : (wide ? Insn::llacq_d : Insn::llacq_w);
    const auto into = other_register(random, decoded.rj, decoded.rd);
    if (random.one_in(4)) {
        const auto elsewhere = other_register(random, decoded.rj, into);
        if (elsewhere == decoded.rd || elsewhere == decoded.rk) return;  // sc without ll: next time
        body.before.gpr[elsewhere] = body.before.gpr[decoded.rj] +
                                     static_cast<std::uint64_t>(std::int64_t{decoded.imm}) + 64;
        body.words.push_back(
            la::encode(wide ? Insn::ll_d : Insn::ll_w, {.rd = into, .rj = elsewhere}));
    } else {
        body.words.push_back(
            la::encode(link, {.rd = into, .rj = decoded.rj, .imm = plain ? decoded.imm : 0}));
        if (decoded.insn == Insn::sc_q) {
            body.words.push_back(la::encode(Insn::ld_d, {.rd = into, .rj = decoded.rj, .imm = 8}));
        }
    }
    body.words.push_back(la::encode(decoded));
}

}  // namespace

unsigned access_size(Insn insn) {
    const std::string_view text = text_of(insn);
    if (insn == Insn::sc_q) return 16;
    const auto dot = text.rfind('.');
    switch (text[dot + 1]) {
        case 'b':
            return 1;
        case 'h':
            return 2;
        case 'w':
        case 's':
            return 4;
        default:
            return 8;
    }
}

bool is_bound(Insn insn) {
    const std::string_view text = text_of(insn);
    return text.find("ldgt.") != text.npos || text.find("ldle.") != text.npos ||
           text.find("stgt.") != text.npos || text.find("stle.") != text.npos;
}

bool is_atomic(Insn insn) {
    const std::string_view text = text_of(insn);
    return text.starts_with("am") || text.starts_with("ll.") || text.starts_with("llacq.") ||
           is_store_conditional(insn);
}

bool is_memory(Insn insn) {
    const std::string_view text = text_of(insn);
    if (!la::info(insn).manual || text == "lddir" || text == "ldpte") return false;
    for (const std::string_view begin : {"ld", "st", "fld", "fst", "preld"}) {
        if (text.starts_with(begin)) return true;
    }
    for (const std::string_view begin : {"vld", "vst", "xvld", "xvst"}) {
        if (text.starts_with(begin)) return !text.ends_with("ldi");
    }
    return is_atomic(insn);
}

bool uses_index(Insn insn) {
    switch (la::format_of(insn)) {
        case Format::DJK:
        case Format::SJK:
        case Format::FDJK:
        case Format::VDJK:
        case Format::XDJK:
        case Format::HINT_JK:
            return !is_bound(insn);
        default:
            return false;
    }
}

void prepare_memory(Body& body, Decoded decoded, Random& random, std::size_t index) {
    CaseBlock& state = body.before;
    const Insn insn = decoded.insn;
    const bool index_used = uses_index(insn);
    while (decoded.rj == 0 || decoded.rj == context_register || decoded.rj == body_register ||
           (index_used && decoded.rj == decoded.rk)) {
        decoded.rj = static_cast<std::uint8_t>(random.below(32));
    }
    std::uint64_t at = 32 + random.below(160);
    if (is_atomic(insn) || is_bound(insn)) {
        // Misaligned ones raise ALE: a few.
        const bool aligned = !random.one_in(12);
        if (aligned) at &= ~std::uint64_t{access_size(insn) - 1};
        if (decoded.rd == decoded.rj || (decoded.rd == decoded.rk && is_atomic(insn))) {
            decoded.rd = other_register(random, decoded.rj, decoded.rk);
        }
    }
    std::uint64_t base = memory_address(index) + at;
    if (index_used) {
        state.gpr[0] = 0;
        const bool fixed = decoded.rk == context_register || decoded.rk == body_register;
        if (fixed) decoded.rk = 0;
        base -= state.gpr[decoded.rk];
    } else {
        base -= static_cast<std::uint64_t>(std::int64_t{decoded.imm});
    }
    state.gpr[decoded.rj] = base;
    if (is_bound(insn)) {
        while (decoded.rk == decoded.rj || decoded.rk == context_register) {
            decoded.rk = static_cast<std::uint8_t>(random.below(32));
        }
        if (la::info(la::operands(la::format_of(insn))[0]).kind == la::OperandClass::fpr) {
            // QEMU 11.1 adds the bound to the address of fldgt and its kin: only 0 can be compared.
            if (decoded.rk == body_register) decoded.rk = 0;
            state.gpr[decoded.rk] = 0;
        } else if (random.one_in(2) && decoded.rk != body_register) {
            state.gpr[decoded.rk] = base + random.below(3) - 1;
        }
    }
    if (text_of(insn).starts_with("amcas") && decoded.rd != body_register && random.one_in(2)) {
        state.gpr[decoded.rd] = memory_value(state, at, access_size(insn));
    }
    if (is_store_conditional(insn)) {
        prepare_conditional(body, decoded, random);
    } else {
        body.words.push_back(la::encode(decoded));
    }
}

}  // namespace lkvm::test::oracle
