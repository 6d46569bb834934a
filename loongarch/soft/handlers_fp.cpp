// SPDX-License-Identifier: GPL-2.0-or-later
// Handlers of the instructions in fp.def.
#include "loongarch/soft/fallback.hpp"
#include "loongarch/soft/handlers.hpp"
#include "loongarch/soft/sem_bound.hpp"
#include "loongarch/soft/sem_fp_arith.hpp"
#include "loongarch/soft/sem_fp_compare.hpp"
#include "loongarch/soft/sem_fp_convert.hpp"
#include "loongarch/soft/sem_fp_move.hpp"

namespace lkvm::la {

#define INSN(name, ...) LKVM_HANDLER_FOR(name),
const Handler fp_handlers[] = {
#include "loongarch/isa/fp.def"
};
#undef INSN

}  // namespace lkvm::la
