// SPDX-License-Identifier: GPL-2.0-or-later
// Names of all instructions as "not there yet", behind those that are: lookup in sem finds the
// real ones first. Included before any semantics.
#pragma once

#include "loongarch/soft/dispatch.hpp"

namespace lkvm::la {
namespace sem_fallback {
#define INSN(handler, text, match, format, needs, manual) inline constexpr Unimplemented handler{};
#include "loongarch/isa/all.def"
#undef INSN
}  // namespace sem_fallback

namespace sem {
using namespace sem_fallback;
}

}  // namespace lkvm::la
