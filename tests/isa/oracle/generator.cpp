// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/generator.hpp"

#include <array>
#include <cstring>

#include "loongarch/isa/encode.hpp"
#include "tests/isa/oracle/correlate.hpp"
#include "tests/isa/oracle/memory_operands.hpp"
#include "tests/isa/oracle/runner.hpp"
#include "tests/isa/support.hpp"

namespace lkvm::test::oracle {
namespace {

using la::Decoded;
using la::Format;
using la::Insn;

/// The last part of the mnemonic says what the sources hold.
Lanes lanes_of(std::string_view text) {
    const auto dot = text.rfind('.');
    const std::string_view suffix = dot == std::string_view::npos ? "" : text.substr(dot + 1);
    const bool is_float = text[0] == 'f' || text.starts_with("vf") || text.starts_with("xvf");
    if (suffix == "s") return Lanes::float32;
    if (suffix == "d") return is_float ? Lanes::float64 : Lanes::int64;
    if (suffix == "h" || suffix == "hu") return is_float ? Lanes::float16 : Lanes::int16;
    if (suffix == "b" || suffix == "bu") return Lanes::int8;
    if (suffix == "w" || suffix == "wu") return Lanes::int32;
    if (suffix == "l" || suffix == "du" || suffix == "q") return Lanes::int64;
    return Lanes::bits;
}

void fill_state(CaseBlock& state, Random& random, std::size_t index, Lanes lanes) {
    for (auto& value : state.gpr) {
        value = random_integer(random, 64);
        // Often what 32-bit instructions expect, and as often what they do not.
        if (random.one_in(4)) {
            value = static_cast<std::uint64_t>(
                std::int64_t{static_cast<std::int32_t>(random_integer(random, 32))});
        }
    }
    state.gpr[0] = 0;
    state.gpr[body_register] = body_address(index);
    state.gpr[context_register] = block_address(index);
    for (auto& vector : state.vr) {
        const bool other = random.one_in(6);
        vector = random_vector(random, other ? static_cast<Lanes>(random.below(8)) : lanes);
    }
    for (auto& flag : state.fcc) flag = static_cast<std::uint8_t>(random.below(2));
    for (auto& byte : state.memory) byte = static_cast<std::uint8_t>(random.bits());
    // Rounding mode, flags and causes at random; traps seldom.
    state.fcsr = static_cast<std::uint32_t>(random.bits()) & 0x1f1f0300;
    if (random.one_in(8)) state.fcsr |= static_cast<std::uint32_t>(random.below(32));
}

/// Registers whose value at the start of a case is not ours to choose.
bool is_fixed(unsigned number) {
    return number == 0 || number == body_register || number == context_register;
}

bool writes_gpr(const Decoded& decoded) {
    return la::writes_gpr_rd(la::format_of(decoded.insn));
}

/// Random operands that make sense for `insn`.
Decoded random_operands(Insn insn, Random& random) {
    const la::InsnInfo& line = la::info(insn);
    Decoded out;
    do {
        const auto word = line.match | (static_cast<std::uint32_t>(random.bits()) & ~line.mask);
        if (!la::decode(word, out)) continue;
    } while (out.insn != insn || (writes_gpr(out) && out.rd == context_register));
    // The same register twice, more often than chance gives it.
    const auto is_register = [&](la::Slot slot) {
        for (const la::OperandKind kind : la::operands(line.format)) {
            if (kind != la::OperandKind::none && la::info(kind).slot == slot) {
                return la::info(kind).width == 5 && la::info(kind).kind != la::OperandClass::number;
            }
        }
        return false;
    };
    if (is_register(la::Slot::rj) && is_register(la::Slot::rk) && random.one_in(6)) out.rk = out.rj;
    if (is_register(la::Slot::rj) && is_register(la::Slot::rd) && random.one_in(6)) out.rj = out.rd;
    switch (line.format) {
        case Format::MJ_MSB5_LSB5:
        case Format::DJ_MSB5_LSB5:
        case Format::MJ_MSB6_LSB6:
        case Format::DJ_MSB6_LSB6:
            if (out.ra < out.imm) {
                const auto lsb = static_cast<std::uint8_t>(out.imm);
                out.imm = out.ra;
                out.ra = lsb;
            }
            break;
        case Format::FCSRD_J:
        case Format::D_FCSRJ:
            out.imm &= 3;
            break;
        case Format::VD_SI13:
        case Format::XD_SI13:
            // Modes 13 to 15 are reserved.
            if (out.imm < 0 && ((out.imm >> 8) & 0xf) > 12) out.imm &= ~0x400;
            break;
        default:
            break;
    }
    return out;
}

void emit(Case& out, const Decoded& decoded) {
    out.body.words.push_back(la::encode(decoded));
}
void emit(Case& out, Insn insn, la::EncodeOperands operands) {
    out.body.words.push_back(la::encode(insn, operands));
}

/// Adds to the body register to show which way was taken.
void mark(Case& out, std::int32_t what) {
    emit(out, Insn::addi_d, {.rd = body_register, .rj = body_register, .imm = what});
}

bool is_branch(Insn insn) {
    return la::is_branch(la::format_of(insn));
}

/// A branch over one instruction or back to one before it.
void make_branch(Case& out, Decoded decoded, Random& random, std::size_t index) {
    CaseBlock& state = out.body.before;
    if (la::format_of(decoded.insn) == Format::JS_OFF16 && random.one_in(2) &&
        !is_fixed(decoded.rd)) {
        state.gpr[decoded.rd] = state.gpr[decoded.rj];
    }
    if (la::format_of(decoded.insn) == Format::J_OFF21 && random.one_in(2) && !is_fixed(decoded.rj))
        state.gpr[decoded.rj] = 0;
    const bool backward = random.one_in(2);
    const std::size_t at = backward ? 3 : 0;
    const std::uint64_t target = body_address(index) + (backward ? 4 : 8);
    if (decoded.insn == Insn::jirl) {
        while (is_fixed(decoded.rj)) {
            decoded.rj = static_cast<std::uint8_t>(random.below(32));
        }
        state.gpr[decoded.rj] = target - static_cast<std::uint64_t>(std::int64_t{decoded.imm});
    } else {
        decoded.imm = static_cast<std::int32_t>(target - (body_address(index) + 4 * at));
    }
    if (backward) {
        emit(out, Insn::b, {.imm = 12});
        mark(out, 1);
        emit(out, Insn::b, {.imm = 12});
        emit(out, decoded);
        mark(out, 2);
    } else {
        emit(out, decoded);
        mark(out, 1);
        mark(out, 2);
    }
}

}  // namespace

std::string_view reason_to_leave_out(Insn insn) {
    switch (la::info(insn).needs) {
        case la::Feature::PRIV:
        case la::Feature::LSPW:
        case la::Feature::LVZ:
            return "privileged";
        case la::Feature::LLFTP:
            return "reads the time";
        default:
            break;
    }
    switch (insn) {
        case Insn::syscall:
            return "is a system call under QEMU";
        case Insn::cpucfg:
            return "tells the model of the CPU";
        default:
            return {};
    }
}

Case make_case(Insn insn, Random& random, std::size_t index) {
    Case out;
    out.insn = insn;
    const Lanes lanes = lanes_of(la::info(insn).text);
    fill_state(out.body.before, random, index, lanes);
    const Decoded decoded = random_operands(insn, random);
    correlate_floats(out.body.before, decoded, random, lanes);
    if (is_branch(insn)) {
        make_branch(out, decoded, random, index);
    } else if (is_memory(insn)) {
        prepare_memory(out.body, decoded, random, index);
    } else {
        if (insn == Insn::asrtle_d || insn == Insn::asrtgt_d) {
            if (random.one_in(3) && !is_fixed(decoded.rj)) {
                out.body.before.gpr[decoded.rj] =
                    out.body.before.gpr[decoded.rk] + random.below(3) - 1;
            }
        }
        emit(out, decoded);
    }
    return out;
}

CaseBlock sequence_state(Random& random, std::size_t index) {
    CaseBlock state;
    fill_state(state, random, index, random.one_in(2) ? Lanes::float64 : Lanes::float32);
    state.fcsr &= ~0x1fu;
    state.gpr[base_register] = memory_address(index) + CaseBlock{}.memory.size() / 2;
    state.gpr[displacement_register] = random.below(128) - 64;
    return state;
}

std::optional<Decoded> plain(Insn insn, Random& random, std::uint32_t kept) {
    if (!reason_to_leave_out(insn).empty() || !is_implemented(insn) || is_branch(insn) ||
        is_atomic(insn) || is_bound(insn) || insn == Insn::break_ || insn == Insn::movgr2fcsr) {
        return std::nullopt;
    }
    Decoded decoded = random_operands(insn, random);
    if (writes_gpr(decoded) && (kept >> decoded.rd & 1) != 0) return std::nullopt;
    if (!is_memory(insn)) return decoded;
    decoded.rj = base_register;
    decoded.rk = uses_index(insn) ? displacement_register : std::uint8_t{0};
    if (uses_index(insn)) return decoded;
    const auto kind = la::operands(la::format_of(insn))[2];
    decoded.imm = la::info(kind).shift == 0
                      ? static_cast<std::int32_t>(random.below(190)) - 95
                      : (static_cast<std::int32_t>(random.below(24)) - 12) * 8;
    if (!la::encodable(insn, {decoded.rd, decoded.rj, decoded.rk, decoded.ra, decoded.imm})) {
        decoded.imm = 0;
    }
    return decoded;
}

Case make_sequence(Random& random, std::size_t index) {
    constexpr std::uint32_t kept = 1u << base_register | 1u << displacement_register;
    Case out;
    out.body.before = sequence_state(random, index);
    while (out.body.words.size() < 8) {
        const auto insn = static_cast<Insn>(random.below(la::insn_count));
        if (const auto decoded = plain(insn, random, kept)) emit(out, *decoded);
    }
    return out;
}

}  // namespace lkvm::test::oracle
