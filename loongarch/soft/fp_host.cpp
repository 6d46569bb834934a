// SPDX-License-Identifier: GPL-2.0-or-later
// What the host's FP unit offers.
#include "loongarch/soft/fp_host.hpp"

namespace lkvm::la::fp {

#if defined(__x86_64__)
// Also needs the operating system to save YMM registers, which the built-in checks.
const bool host_has_fma = __builtin_cpu_supports("fma");
#endif

}  // namespace lkvm::la::fp
