// SPDX-License-Identifier: GPL-2.0-or-later
// The interpreter's handler of every instruction.
#pragma once

#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la {

// The table in pieces, one for each .def file and in its order; null: semantics not there yet.
extern const Handler base_handlers[];
extern const Handler bitops_handlers[];
extern const Handler atomics_handlers[];
extern const Handler bound_handlers[];
extern const Handler fp_handlers[];
extern const Handler privileged_handlers[];
extern const Handler lvz_handlers[];
extern const Handler lsx_handlers[];
extern const Handler lasx_handlers[];

/// Null if the instruction is not implemented.
[[nodiscard]] Handler handler_of(Insn insn);

}  // namespace lkvm::la
