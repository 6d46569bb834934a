// SPDX-License-Identifier: GPL-2.0-or-later
// Frequent instructions that follow each other, done by one handler: what the interpreter pays for
// most is going from one to the next.
#pragma once

#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la {

/// Does `first`, whose operation it stands in, and `second`, whose operation follows. Null: these
/// go one by one.
[[nodiscard]] Handler pair_handler(Insn first, Insn second);

}  // namespace lkvm::la
