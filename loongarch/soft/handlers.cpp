// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/handlers.hpp"

#include <array>

namespace lkvm::la {
namespace {

struct Piece {
    unsigned size;
    const Handler* handlers;
};

// In the order of all.def, which the formatter would sort if the includes stood together.
#define INSN(...) +1
constexpr std::array pieces{
    Piece{0
#include "loongarch/isa/base.def"
          ,
          base_handlers},
    Piece{0
#include "loongarch/isa/bitops.def"
          ,
          bitops_handlers},
    Piece{0
#include "loongarch/isa/atomics.def"
          ,
          atomics_handlers},
    Piece{0
#include "loongarch/isa/bound.def"
          ,
          bound_handlers},
    Piece{0
#include "loongarch/isa/fp.def"
          ,
          fp_handlers},
    Piece{0
#include "loongarch/isa/privileged.def"
          ,
          privileged_handlers},
    Piece{0
#include "loongarch/isa/lvz.def"
          ,
          lvz_handlers},
    Piece{0
#include "loongarch/isa/lsx.def"
          ,
          lsx_handlers},
    Piece{0
#include "loongarch/isa/lasx.def"
          ,
          lasx_handlers},
};
#undef INSN

constexpr unsigned end_of(std::size_t piece) {
    unsigned end = 0;
    for (std::size_t i = 0; i <= piece; ++i) end += pieces[i].size;
    return end;
}
static_assert(end_of(pieces.size() - 1) == insn_count);
// The first instruction of each piece, so that a changed order does not go unnoticed.
static_assert(end_of(0) == static_cast<unsigned>(Insn::alsl_w));
static_assert(end_of(1) == static_cast<unsigned>(Insn::amswap_w));
static_assert(end_of(2) == static_cast<unsigned>(Insn::ldgt_b));
static_assert(end_of(5) == static_cast<unsigned>(Insn::gcsrrd));

}  // namespace

Handler handler_of(Insn insn) {
    auto number = static_cast<unsigned>(insn);
    for (const Piece& piece : pieces) {
        if (number < piece.size) return piece.handlers[number];
        number -= piece.size;
    }
    return nullptr;
}

}  // namespace lkvm::la
