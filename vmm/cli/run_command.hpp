// SPDX-License-Identifier: GPL-2.0-or-later
// `lkvm run`.
#pragma once

#include "vmm/cli/command_line.hpp"
#include "vmm/exit_code.hpp"
#include "vmm/log.hpp"
#include "vmm/machine/backend_request.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Runs the machine to its end on the calling thread, which must be the process's only one.
[[nodiscard]] Outcome<ExitCode> run_machine(const MachineConfig& described, StderrLog& log);

}  // namespace lkvm::vmm
