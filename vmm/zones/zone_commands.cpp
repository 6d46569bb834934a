// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/zone_commands.hpp"

#include "vmm/text.hpp"
#include "vmm/zones/zone_report.hpp"

namespace lkvm::vmm {

Outcome<std::string> control_zones(ZoneControl& port, const ZoneCommand& command) {
    if (command.action == "balloon") {
        return usage_failure("balloon: zones keep the memory they were given");
    }
    if (command.action == "debug") {
        return usage_failure("debug: of zones, the log tells what they did when they were parked");
    }
    const bool shows = command.action == "list" || command.action == "stat";
    if (command.zone.empty() && !shows) {
        return usage_failure(text(command.action, ": expected the name of a zone"));
    }
    if (shows || command.action == "log") {
        const std::string space = command.zone.empty() ? "" : " ";
        const Json answer = LKVM_CHECK(port.ask(text(command.action, space, command.zone)));
        if (command.json) return answer.text() + '\n';
        if (command.action == "list") return zone_table(answer);
        if (command.action == "stat") return zone_statistics(answer);
        std::string log = answer.member_text("log");
        if (!log.empty() && log.back() != '\n') log += '\n';
        return log;
    }
    const Json zone = LKVM_CHECK(port.change(command.action, command.zone));
    if (command.json) return zone.text() + '\n';
    return text(command.zone, " is ", zone.member_text("state"), '\n');
}

}  // namespace lkvm::vmm
