// SPDX-License-Identifier: GPL-2.0-or-later
// Loops that only wait for memory to change: what Linux does while another CPU has a lock or has
// not answered an interrupt yet.
#pragma once

#include <span>

#include "loongarch/isa/instruction.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la {

/// Whether `block`, ended by a branch to its own start, does the same again and again until a load
/// finds something else. One that was refused (Insn::count) never does.
[[nodiscard]] bool is_wait_loop(std::span<const Decoded> block);

/// For the branch that ends such a loop: lets other threads run now and then. Null: no such branch.
[[nodiscard]] Handler waiting_handler(Insn branch);

}  // namespace lkvm::la
