// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/control_command.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "vmm/cli/number.hpp"
#include "vmm/control/control_client.hpp"
#include "vmm/control/control_folder.hpp"
#include "vmm/json/json.hpp"
#include "vmm/text.hpp"
#include "vmm/zones/zone_commands.hpp"

#include <CLI/CLI.hpp>

namespace lkvm::vmm {

namespace {

/// The value of a line of `lkvm stat`.
std::string value_of(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
            return std::string(line.substr(name.size() + 1));
        }
    }
    return "?";
}

std::string list() {
    constexpr std::size_t pid_width = 8;
    constexpr std::size_t state_width = 9;
    const auto column = [](std::string cell, std::size_t width) {
        cell.resize(std::max(width, cell.size() + 1), ' ');
        return cell;
    };
    std::string table = text(column("PID", pid_width), column("STATE", state_width), "NAME\n");
    for (const std::string& name : control_names()) {
        if (!guest_runs(name)) continue;
        const Outcome<std::string> lines = ask_guest(name, "stat");
        // It may have ended since, or hang.
        const std::string_view known = lines.has_value() ? std::string_view{lines.value()} : "";
        table += text(column(value_of(known, "pid"), pid_width),
                      column(value_of(known, "state"), state_width), name, '\n');
    }
    return table;
}

bool is_for_zones(std::string_view action) {
    return action == "start" || action == "reset" || action == "log";
}

bool is_key(std::string_view text) {
    const auto between = [&](char first, char last) { return text[0] >= first && text[0] <= last; };
    return text.size() == 1 &&
           (between('a', 'z') || between('A', 'Z') || between('0', '9') || text[0] == '?');
}

/// The lines of an answer as members.
Json json_of(const std::string& name, std::string_view lines) {
    Json json;
    json.add("name", name);  // also when it did not answer
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t space = line.find(' ');
        if (space == std::string_view::npos || line.substr(0, space) == "name") continue;
        const std::string_view value = line.substr(space + 1);
        const std::optional<Json> number = Json::parse(value);
        const bool is_number = number.has_value() && number->number() != nullptr;
        json.add(std::string(line.substr(0, space)), is_number ? *number : Json(value));
    }
    return json;
}

std::string request_of(const ControlCommand& command) {
    if (command.action == "debug") {
        return command.sysrq.empty() ? "registers" : text("sysrq ", command.sysrq);
    }
    if (command.action != "balloon") return command.action;
    if (!command.inflate.empty()) return text("balloon +", command.inflate);
    if (!command.deflate.empty()) return text("balloon -", command.deflate);
    return text("balloon ", command.size);
}

Outcome<std::string> control_as_json(const ControlCommand& command) {
    const bool lists = command.action == "list";
    Json::Array guests;
    for (const std::string& name : control_names()) {
        const bool wanted = lists || command.all || name == command.name;
        if (!wanted || !guest_runs(name)) continue;
        const auto lines = ask_guest(name, lists ? "stat" : request_of(command));
        if (!lines.has_value() && !lists) return lines.failure();
        guests.push_back(json_of(name, lines.has_value() ? std::string_view{lines.value()} : ""));
    }
    if (!lists && !command.all && guests.empty()) {
        return ask_guest(command.name, request_of(command));  // says why there is none
    }
    Json json;
    json.add("ok", true);
    json.add("guests", std::move(guests));
    return json.text() + '\n';
}

}  // namespace

const std::vector<std::string>& control_actions() {
    static const std::vector<std::string> actions{"list",  "stop",    "pause", "resume", "stat",
                                                  "debug", "balloon", "start", "reset",  "log"};
    return actions;
}

void add_control_commands(CLI::App& app, ControlCommand& command) {
    const auto add = [&](const char* name, const char* what) {
        CLI::App* const added = app.add_subcommand(name, what);
        added->callback([&command, name] { command.action = name; });
        return added;
    };
    const auto add_with_name = [&](const char* name, const char* what) {
        CLI::App* const added = add(name, what);
        added->add_option("guest", command.guest, "Name of the guest");
        added->add_option("-n,--name", command.name, "The same")->type_name("NAME");
        return added;
    };
    const auto add_json = [&](CLI::App* added) {
        added->add_flag("--json", command.json, "Print JSON");
        return added;
    };
    add_json(add("list", "List the running guests"));
    for (const auto& [name, what] : {std::pair{"stop", "End a guest, as ctrl-a x does"},
                                     std::pair{"pause", "Hold a guest's CPUs"},
                                     std::pair{"resume", "Let a paused guest go on"},
                                     std::pair{"stat", "Show a guest's state and memory"}}) {
        add_json(add_with_name(name, what))->add_flag("-a,--all", command.all, "All guests");
    }
    CLI::App* const debug =
        add_with_name("debug", "Show the registers of a guest's CPUs, or send it a SysRq key");
    debug->add_flag("-a,--all", command.all, "All guests");
    debug->add_flag("-d,--dump", command.dump, "Show the registers, as without options");
    debug->add_option("-s,--sysrq", command.sysrq, "Magic SysRq key for the guest's kernel")
        ->type_name("KEY");
    add_json(add_with_name("start", "Start a zone, in a zone that manages the others"));
    add_json(add_with_name("reset", "Start a zone anew"));
    add_json(add_with_name("log", "Show what a zone put on its console lately"));
    CLI::App* const balloon =
        add_json(add_with_name("balloon", "Have a guest do without some of its memory"));
    balloon->add_option("size", command.size, "So much; units B K M G T P, M if none");
    balloon->add_option("-i,--inflate", command.inflate, "So much more than now")
        ->type_name("SIZE");
    balloon->add_option("-d,--deflate", command.deflate, "So much less than now")
        ->type_name("SIZE");
}

Outcome<ControlCommand> check_control(ControlCommand command) {
    if (command.action == "list") return command;
    if (command.name.empty()) {
        command.name = command.guest;
    } else if (command.action == "balloon" && command.size.empty()) {
        command.size = command.guest;  // the only argument without an option
    } else if (!command.guest.empty()) {
        return usage_failure(text(command.action, ": expected one guest"));
    }
    const bool named = !command.name.empty();
    if (command.action == "stat" && !named) command.all = true;
    if (named == command.all) {
        return usage_failure(text(command.action, ": expected the name of a guest",
                                  command.action == "balloon" ? "" : " or --all"));
    }
    if (!command.sysrq.empty() && (command.dump || !is_key(command.sysrq))) {
        return usage_failure(
            command.dump ? std::string("debug: expected one of --dump and --sysrq")
                         : text("--sysrq '", command.sysrq, "': expected one letter or digit"));
    }
    if (command.action != "balloon") return command;
    const auto given = {command.size, command.inflate, command.deflate};
    const auto count = std::ranges::count_if(given, [](const auto& one) { return !one.empty(); });
    if (count != 1) return usage_failure("balloon: expected one of SIZE, --inflate and --deflate");
    for (const std::string& size : given) {
        if (size.empty() || parse_size(size, Unit::mega).error == NumberError::none) continue;
        return usage_failure(text("balloon: '", size, "' is not a size"));
    }
    return command;
}

Outcome<std::string> control(const ControlCommand& command) {
    if (const auto path = find_zone_control()) {
        ZoneControl port = LKVM_CHECK(ZoneControl::open(*path, {}));
        return control_zones(port, {command.action, command.name, command.json});
    }
    if (is_for_zones(command.action)) {
        return setup_failure(
            text(command.action, ": only in a zone that manages the others (lkvm pack --control)"));
    }
    if (control_folder().empty()) {
        return setup_failure(
            text(command.action, ": guests are found in ~/.lkvm, but HOME is not set"));
    }
    if (command.json) return control_as_json(command);
    if (command.action == "list") return list();
    const std::string request = request_of(command);
    if (!command.all) return ask_guest(command.name, request);
    std::string answers;
    std::optional<Failure> failure;
    for (const std::string& name : control_names()) {
        if (!guest_runs(name)) continue;
        const Outcome<std::string> answer = ask_guest(name, request);
        if (answer.has_value()) {
            answers += answer.value();
        } else if (guest_runs(name) && !failure.has_value()) {
            // It has not just ended. The others get the request all the same.
            failure = answer.failure();
        }
    }
    if (failure.has_value()) return *failure;
    return answers;
}

}  // namespace lkvm::vmm
