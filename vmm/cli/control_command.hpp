// SPDX-License-Identifier: GPL-2.0-or-later
// `lkvm list`, `stop`, `pause`, `resume`, `stat`, `debug`, `balloon`: for running guests. In a
// zone that manages the others they, `start`, `reset` and `log` mean zones.
#pragma once

#include <string>
#include <vector>

#include "vmm/outcome.hpp"

namespace CLI {
class App;
}

namespace lkvm::vmm {

/// As typed; also what is left to do after the check.
struct ControlCommand {
    std::string action;  ///< name of the command
    std::string name;    ///< of the guest; empty: see `all`
    std::string guest;   ///< as typed without --name
    bool all = false;
    bool json = false;
    bool dump = false;    ///< debug: show the registers
    std::string sysrq;    ///< debug: key to send
    std::string size;     ///< balloon: new target
    std::string inflate;  ///< balloon: that much more
    std::string deflate;  ///< balloon: that much less
};

/// Declares the commands on CLI11's program; `command` must outlive the parsing.
void add_control_commands(CLI::App& app, ControlCommand& command);
/// Names of the commands, for messages.
[[nodiscard]] const std::vector<std::string>& control_actions();

[[nodiscard]] Outcome<ControlCommand> check_control(ControlCommand command);

/// Does it and returns what is to be printed.
[[nodiscard]] Outcome<std::string> control(const ControlCommand& command);

}  // namespace lkvm::vmm
