// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of lkvm. docs/lkvm.1 is the reference.
#pragma once

#include <span>
#include <string>
#include <variant>

#include <lkvm/log.hpp>

#include "vmm/cli/control_command.hpp"
#include "vmm/cli/pack_command.hpp"
#include "vmm/machine/machine_config.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

/// Text for standard output, then success.
struct PrintText {
    std::string text;
};

struct RunCommand {
    MachineConfig machine;
    LogLevel log_level = LogLevel::info;
};

using Command = std::variant<PrintText, RunCommand, PackCommand, ControlCommand>;

/// What every machine's kernel is told unless --nodefaults.
inline constexpr std::string_view default_command_line = "console=ttyS0 earlycon";
/// The same for --console virtio: the serial port is left when the driver's module is loaded.
inline constexpr std::string_view virtio_console_command_line = "console=hvc0 earlycon";
/// Follows "earlycon" of both when firmware describes the machine by ACPI, where a bare one has
/// Linux look for a device tree that is not there.
inline constexpr std::string_view firmware_earlycon = "=uart8250,mmio,0x1fe001e0";

/// Understands the arguments, the program's name first. All failures are usage failures.
[[nodiscard]] Outcome<Command> parse_command_line(std::span<const char* const> arguments);

}  // namespace lkvm::vmm
