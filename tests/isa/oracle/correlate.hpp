// SPDX-License-Identifier: GPL-2.0-or-later
// Floating-point operands that belong together: cancellation, results at the edges of a format.
#pragma once

#include "loongarch/isa/instruction.hpp"
#include "tests/isa/oracle/block.hpp"
#include "tests/isa/oracle/values.hpp"

namespace lkvm::test::oracle {

/// Changes the source registers of a floating-point instruction with two or three of them, in some
/// cases, so that sums cancel, products and quotients come near overflow, underflow and denormals,
/// and fused sums have terms of like size. Other instructions are left alone.
void correlate_floats(CaseBlock& state, const la::Decoded& decoded, Random& random, Lanes lanes);

}  // namespace lkvm::test::oracle
