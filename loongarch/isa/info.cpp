// SPDX-License-Identifier: GPL-2.0-or-later
// The table with its texts.
#include <array>

#include "loongarch/isa/instruction.hpp"

namespace lkvm::la {
namespace {

constexpr std::array<InsnInfo, insn_count> table = {{
#define INSN(handler, text, match, format, needs, manual) \
    {text, match, mask(Format::format), Format::format, Feature::needs, manual, Insn::count},
#define INSN_IN(handler, text, match, format, needs, manual, in) \
    {text, match, mask(Format::format), Format::format, Feature::needs, manual, Insn::in},
#include "loongarch/isa/all.def"
#undef INSN
#undef INSN_IN
}};

}  // namespace

const InsnInfo& info(Insn insn) {
    return table[static_cast<unsigned>(insn)];
}

}  // namespace lkvm::la
