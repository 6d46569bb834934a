// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter's handler of every instruction.
#pragma once

#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la {

// Pieces of the table, each in the order of its .def files; null: semantics not there yet.
extern const Handler base_handlers[];  // base, bitops, atomics, bound
extern const Handler fp_handlers[];
extern const Handler privileged_handlers[];  // privileged, lvz
extern const Handler lsx_handlers[];
extern const Handler lasx_handlers[];

/// Null if the instruction is not implemented.
[[nodiscard]] Handler handler_of(Insn insn);

}  // namespace lkvm::la
