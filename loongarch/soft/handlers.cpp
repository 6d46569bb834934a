// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/soft/handlers.hpp"

namespace lkvm::la {
namespace {

#define INSN(...) +1
constexpr unsigned base_end = 0
#include "loongarch/isa/atomics.def"
#include "loongarch/isa/base.def"
#include "loongarch/isa/bitops.def"
#include "loongarch/isa/bound.def"
    ;
constexpr unsigned fp_end = base_end
#include "loongarch/isa/fp.def"
    ;
constexpr unsigned privileged_end = fp_end
#include "loongarch/isa/lvz.def"
#include "loongarch/isa/privileged.def"
    ;
constexpr unsigned lsx_end = privileged_end
#include "loongarch/isa/lsx.def"
    ;
constexpr unsigned lasx_end = lsx_end
#include "loongarch/isa/lasx.def"
    ;
#undef INSN
static_assert(lasx_end == insn_count, "the pieces follow the order of all.def");

}  // namespace

Handler handler_of(Insn insn) {
    const auto number = static_cast<unsigned>(insn);
    if (number < base_end) return base_handlers[number];
    if (number < fp_end) return fp_handlers[number - base_end];
    if (number < privileged_end) return privileged_handlers[number - fp_end];
    if (number < lsx_end) return lsx_handlers[number - privileged_end];
    if (number < lasx_end) return lasx_handlers[number - lsx_end];
    return nullptr;
}

}  // namespace lkvm::la
