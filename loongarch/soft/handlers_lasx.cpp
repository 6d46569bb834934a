// SPDX-License-Identifier: GPL-2.0-or-later
// Handlers of the instructions in lasx.def.
#include "loongarch/soft/fallback.hpp"
#include "loongarch/soft/handlers.hpp"
#include "loongarch/soft/sem_simd_arithmetic.hpp"
#include "loongarch/soft/sem_simd_compare.hpp"
#include "loongarch/soft/sem_simd_logic.hpp"
#include "loongarch/soft/sem_simd_memory.hpp"
#include "loongarch/soft/sem_simd_move.hpp"
#include "loongarch/soft/sem_simd_narrow.hpp"
#include "loongarch/soft/sem_simd_shift.hpp"
#include "loongarch/soft/sem_simd_shuffle.hpp"
#include "loongarch/soft/sem_simd_widen.hpp"
#include "loongarch/soft/sem_vfp_arith.hpp"
#include "loongarch/soft/sem_vfp_compare.hpp"
#include "loongarch/soft/sem_vfp_convert.hpp"

namespace lkvm::la {

#define INSN(name, ...) LKVM_HANDLER_FOR(name),
const Handler lasx_handlers[] = {
#include "loongarch/isa/lasx.def"
};
#undef INSN

}  // namespace lkvm::la
