// SPDX-License-Identifier: GPL-2.0-or-later
// Assertions for our own faults. A program supplies panic(): hosted it prints and aborts, on bare
// metal it stops the machine with a report.
#pragma once

namespace lkvm {

/// Reports `what` with its place and does not return. Supplied once per program.
[[noreturn]] void panic(const char* what, const char* file, int line) noexcept;

}  // namespace lkvm

#define LKVM_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::lkvm::panic(#condition, __FILE__, __LINE__))
#define LKVM_PANIC(what) ::lkvm::panic(what, __FILE__, __LINE__)
