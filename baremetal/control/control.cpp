// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/control/control.hpp"

#include <array>

#include "baremetal/control/line_writer.hpp"

namespace lkvm::hv {
namespace {

struct VerbName {
    std::string_view name;
    ControlVerb verb;
    unsigned fewest;  ///< words behind the verb
    unsigned most;
};
constexpr std::array<VerbName, 8> verbs{{{"list", ControlVerb::list, 0, 0},
                                         {"stat", ControlVerb::stat, 0, 1},
                                         {"start", ControlVerb::start, 1, 1},
                                         {"stop", ControlVerb::stop, 1, 1},
                                         {"reset", ControlVerb::reset, 1, 1},
                                         {"pause", ControlVerb::pause, 1, 1},
                                         {"resume", ControlVerb::resume, 1, 1},
                                         {"log", ControlVerb::log, 1, 1}}};

bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Takes the next word off `line`.
std::string_view next_word(std::string_view& line) {
    while (!line.empty() && is_space(line.front())) line.remove_prefix(1);
    std::size_t length = 0;
    while (length < line.size() && !is_space(line[length])) ++length;
    const std::string_view word = line.substr(0, length);
    line.remove_prefix(length);
    return word;
}

std::size_t refuse(std::span<char> out, std::string_view why, std::string_view what = {}) {
    LineWriter writer{out};
    writer.add(R"({"ok":false,"error":")").add(why);
    // A name comes from the guest; what JSON would have to escape is left out.
    for (const char c : what) {
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') writer.add(c);
    }
    writer.add("\"}\n");
    return writer.size();
}

void describe(ManagedZone& zone, LineWriter& out) {
    out.key("name").quoted(zone.name()).add(',');
    out.key("state").quoted(state_name(zone.state())).add(',');
    out.key("cpus").number(zone.cpu_count()).add(',');
    out.key("memory").number(zone.memory_bytes()).add(',');
    out.key("reason").quoted(zone.reason());
}

void describe_exits(ManagedZone& zone, LineWriter& out) {
    const ExitTotals totals = zone.exits();
    const auto table = [&](std::string_view name, std::uint64_t ExitTotal::* field) {
        out.add(',').key(name).add('{');
        bool first = true;
        for (std::size_t i = 0; i < exit_reasons; ++i) {
            if (totals[i].*field == 0) continue;
            if (!first) out.add(',');
            first = false;
            out.key(exit_reason_names[i]).number(totals[i].*field);
        }
        out.add('}');
    };
    table("exits", &ExitTotal::count);
    table("instructions", &ExitTotal::instructions);
    table("longest", &ExitTotal::most);
    const auto idle = static_cast<std::size_t>(ExitReason::idle);
    out.add(',').key("idle_exits").number(totals[idle].count);
    out.add(',').key("uptime_ns").number(zone.uptime_ns());
    out.add(',').key("starts").number(zone.starts());
}

std::size_t list(ManagedZones& zones, const ManagedZone* only, bool details, std::span<char> out) {
    LineWriter writer{out};
    writer.add(R"({"ok":true,"zones":[)");
    bool first = true;
    for (std::size_t i = 0; i < zones.count(); ++i) {
        ManagedZone& zone = zones.zone(i);
        if (only != nullptr && only != &zone) continue;
        writer.add(first ? "{" : ",{");
        first = false;
        describe(zone, writer);
        if (details) describe_exits(zone, writer);
        writer.add('}');
        zones.pause();
    }
    writer.add(']');
    if (details) {
        writer.add(',').key("pool").add('{');
        zones.describe_pool(writer);
        writer.add('}');
    }
    writer.add("}\n");
    return writer.complete() ? writer.size() : refuse(out, "the reply is too long");
}

std::size_t log(ManagedZones& zones, ManagedZone& zone, std::span<char> out) {
    constexpr std::size_t piece = 256;
    constexpr std::string_view head = R"({"ok":true,"log":")";
    constexpr std::string_view tail = "\"}\n";
    if (out.size() < head.size() + tail.size()) return 0;
    // The raw text goes to the end of the buffer and from there, escaped, to its start. Only as
    // much is taken as fits when it is escaped, and reading stays ahead of writing.
    std::span<char> raw = out.subspan(head.size());
    const std::size_t size = zone.copy_log(raw);
    __builtin_memmove(raw.data() + (raw.size() - size), raw.data(), size);
    raw = raw.last(size);
    std::size_t needed = head.size() + tail.size();
    std::size_t first = raw.size();
    while (first > 0) {
        const std::size_t more = LineWriter::escaped_size(raw[first - 1]);
        if (needed + more > out.size()) break;
        needed += more;
        if (--first % piece == 0) zones.pause();
    }
    // Behind `first` there is room for exactly what is still to be written, so that writing never
    // overtakes reading: what is unread lies at the very end.
    LineWriter writer{out};
    writer.add(head);
    for (std::size_t i = first; i < raw.size(); ++i) {
        const char c = raw[i];
        std::array<char, 8> one{};
        LineWriter escaped{one};
        escaped.quoted({&c, 1});
        const std::string_view text = escaped.text();
        writer.add(text.substr(1, text.size() - 2));
        if (i % piece == 0) zones.pause();
    }
    writer.add(tail);
    return writer.size();
}

ZoneRequest request_of(ControlVerb verb) {
    switch (verb) {
        case ControlVerb::start:
            return ZoneRequest::start;
        case ControlVerb::stop:
            return ZoneRequest::stop;
        case ControlVerb::reset:
            return ZoneRequest::reset;
        case ControlVerb::pause:
            return ZoneRequest::pause;
        default:
            return ZoneRequest::resume;
    }
}

}  // namespace

Result<ControlCommand> parse_control(std::string_view line) {
    if (line.size() > max_control_line) return fail(ErrorCode::invalid_argument);
    const std::string_view verb = next_word(line);
    const std::string_view zone = next_word(line);
    const std::string_view rest = next_word(line);
    const unsigned words = zone.empty() ? 0 : rest.empty() ? 1 : 2;
    for (const VerbName& known : verbs) {
        if (known.name != verb) continue;
        if (words < known.fewest || words > known.most) break;
        return ControlCommand{known.verb, zone};
    }
    return fail(ErrorCode::invalid_argument);
}

std::size_t serve_control(ManagedZones& zones, std::string_view line, std::span<char> out) {
    const auto command = parse_control(line);
    if (!command.has_value()) return refuse(out, "no such command, or not with these words");
    ManagedZone* zone = nullptr;
    for (std::size_t i = 0; i < zones.count(); ++i) {
        if (zones.zone(i).name() == command->zone) zone = &zones.zone(i);
    }
    if (zone == nullptr && !command->zone.empty()) {
        return refuse(out, "there is no zone ", command->zone);
    }
    switch (command->verb) {
        case ControlVerb::list:
            return list(zones, nullptr, false, out);
        case ControlVerb::stat:
            return list(zones, zone, true, out);
        case ControlVerb::log:
            return log(zones, *zone, out);
        default:
            break;
    }
    if (!zone->request(request_of(command->verb)).has_value()) {
        return refuse(out, "not while the zone is ", state_name(zone->state()));
    }
    LineWriter writer{out};
    writer.add(R"({"ok":true,"state":)").quoted(state_name(zone->state())).add("}\n");
    return writer.size();
}

}  // namespace lkvm::hv
