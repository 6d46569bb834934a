// SPDX-License-Identifier: GPL-2.0-or-later
// Random programs for the instruction oracle: what goes on between instructions.
#pragma once

#include <cstddef>

#include "tests/isa/oracle/generator.hpp"

namespace lkvm::test::oracle {

/// Whether changed code runs only behind an ibar, as other machines want it.
enum class Barriers { always, sometimes };

/// A program of some hundred instructions for place `index` of a batch of such: most of them of the
/// kinds that the interpreter does in pairs, with branches, loops, unaligned accesses, atomics,
/// load-linked and store-conditional, and stores into the program itself. It ends.
[[nodiscard]] Case make_stream(Random& random, std::size_t index, Barriers barriers);

}  // namespace lkvm::test::oracle
