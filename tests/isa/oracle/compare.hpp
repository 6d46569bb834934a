// SPDX-License-Identifier: GPL-2.0-or-later
// What two runs of a case disagree about.
#pragma once

#include <cstdint>
#include <string>

#include "tests/isa/oracle/generator.hpp"

namespace lkvm::test::oracle {

/// What differs, for people, with the case; empty if nothing does.
[[nodiscard]] std::string compare(const Case& tested, const CaseBlock& expected,
                                  const CaseBlock& actual);

/// Why a difference in this case is accepted, or empty. See exceptions.cpp.
[[nodiscard]] std::string_view accepted_difference(const Case& tested, const CaseBlock& expected,
                                                   const CaseBlock& actual);

}  // namespace lkvm::test::oracle
