// SPDX-License-Identifier: GPL-2.0-or-later
// The instructions of LoongArch and how to recognize them. The table itself is *.def, one line per
// instruction. LA Vol.1 §1.2 (formats), §2 to §4; volumes 2 and 3 are not public.
#pragma once

#include <cstdint>

#include "loongarch/isa/format.hpp"

namespace lkvm::la {

/// All instructions, in the order of all.def. Dots of the mnemonic become underscores; and, or, xor
/// and break end in one, as C++ reserves the words.
enum class Insn : std::uint16_t {
#define INSN(handler, text, match, format, needs, manual) handler,
#include "loongarch/isa/all.def"
#undef INSN
    count
};

inline constexpr unsigned insn_count = static_cast<unsigned>(Insn::count);

/// What a CPU must have for an instruction: bits of CPUCFG words 1 and 2, LA Vol.1 §2.2.10.5.
/// PRIV marks what only PLV0 may do (LSPW and LVZ include that, except hvcl). LSX_FRECIPE and
/// LASX_FRECIPE need both.
enum class Feature : std::uint8_t {
    LA32,
    LA64,
    CRC,
    LLFTP,
    LAM,
    LAM_BH,
    LAMCAS,
    LLACQ_SCREL,
    SCQ,
    FP_S,
    FP_D,
    FRECIPE,
    LSX,
    LSX_FRECIPE,
    LASX,
    LASX_FRECIPE,
    PRIV,
    LSPW,
    LVZ,
};

/// An instruction with its operands. A slot that the format does not use is 0.
///
/// Registers stand by field, whatever their kind (general, FP, vector, condition flag): rd is bits
/// 4:0, rj 9:5, rk 14:10, ra 19:15. `imm` is the immediate as the manual writes it in assembly:
/// * branches: the offset in bytes (field << 2, sign-extended);
/// * ll, sc, ldptr, stptr: the offset in bytes (si14 << 2); vldrepl, vstelm: in bytes too;
/// * si12, si13, si16, si20: sign-extended, not shifted (lu12i.w 1 has imm 1);
/// * alsl: the shift 1 to 4 (field + 1); bytepick: the field;
/// * csr* and gcsr*: the register's number; movgr2fcsr, movfcsr2gr: the FCSR's number;
/// * lddir: level, ldpte: seq; invtlb: op; preldx: hint; break, syscall, dbar, idle...: code.
/// Where there are two, the second is in `ra`: bstrins and bstrpick have imm = lsb and ra = msb;
/// vstelm and xvstelm imm = offset and ra = element; cacop imm = si12 and ra = code; preld
/// imm = si12 and ra = hint.
struct Decoded {
    Insn insn = Insn::count;
    std::uint8_t rd = 0;
    std::uint8_t rj = 0;
    std::uint8_t rk = 0;
    std::uint8_t ra = 0;
    std::int32_t imm = 0;

    friend constexpr bool operator==(const Decoded&, const Decoded&) = default;
};

/// One line of the table.
struct InsnInfo {
    /// Mnemonic, as in the manual.
    const char* text;
    /// An instruction word belongs to the line if (word & mask) == match.
    std::uint32_t match;
    std::uint32_t mask;
    Format format;
    Feature needs;
    /// The section of the manual ("Vol.1 §2.2.1.1"), or LSX, LASX, LVZ.
    const char* manual;
    /// The instruction that includes this one (csrrd and csrwr lie in csrxchg), else Insn::count.
    Insn inside;
};

/// Recognizes `word`. False (and `out` unspecified) if it is no instruction of the table. Does not
/// ask what the CPU offers, nor whether operands make sense (bstrpick with msb < lsb, FCSR 7).
[[nodiscard]] bool decode(std::uint32_t word, Decoded& out);

/// The table's line; `insn` must not be Insn::count. Any thread.
[[nodiscard]] const InsnInfo& info(Insn insn);

}  // namespace lkvm::la
