// SPDX-License-Identifier: GPL-2.0-or-later
// Handlers of everything but FP and vectors.
#include "loongarch/soft/fallback.hpp"
#include "loongarch/soft/handlers.hpp"
#include "loongarch/soft/sem_atomic.hpp"
#include "loongarch/soft/sem_base.hpp"
#include "loongarch/soft/sem_bitops.hpp"
#include "loongarch/soft/sem_bound.hpp"
#include "loongarch/soft/sem_privileged.hpp"

namespace lkvm::la {

#define INSN(name, ...) LKVM_HANDLER_FOR(name),
const Handler base_handlers[] = {
#include "loongarch/isa/base.def"
};
const Handler bitops_handlers[] = {
#include "loongarch/isa/bitops.def"
};
const Handler atomics_handlers[] = {
#include "loongarch/isa/atomics.def"
};
const Handler bound_handlers[] = {
#include "loongarch/isa/bound.def"
};
const Handler privileged_handlers[] = {
#include "loongarch/isa/privileged.def"
};
const Handler lvz_handlers[] = {
#include "loongarch/isa/lvz.def"
};
#undef INSN

}  // namespace lkvm::la
