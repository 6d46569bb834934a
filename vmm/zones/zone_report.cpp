// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/zone_report.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "vmm/text.hpp"

namespace lkvm::vmm {
namespace {

Json::Array zones_of(const Json& answer) {
    const Json* const zones = answer.find("zones");
    return zones != nullptr && zones->array() != nullptr ? *zones->array() : Json::Array{};
}

std::uint64_t number_of(const Json& json, std::string_view name) {
    const Json* const member = json.find(name);
    return member != nullptr && member->number() != nullptr ? *member->number() : 0;
}

std::string memory_text(const Json& zone) {
    return text(number_of(zone, "memory") >> 20, "M");
}

/// "1234.567 s"
std::string seconds_text(std::uint64_t nanoseconds) {
    constexpr std::uint64_t per_second = 1000000000;
    std::string fraction = std::to_string(nanoseconds % per_second / 1000000);
    fraction.insert(0, 3 - fraction.size(), '0');
    return text(nanoseconds / per_second, '.', fraction, " s");
}

void add_line(std::string& to, std::string_view name, std::string_view value) {
    constexpr std::size_t width = 22;
    to += "  ";
    to += name;
    to.append(name.size() < width ? width - name.size() : 1, ' ');
    to += value;
    to += '\n';
}

/// Exits of one reason, with their average cost if it is known.
void add_exits(std::string& to, const Json& zone) {
    const Json* const exits = zone.find("exits");
    if (exits == nullptr || exits->object() == nullptr) return;
    const Json* const costs = zone.find("instructions");
    const Json* const longest = zone.find("longest");
    for (const auto& [reason, value] : *exits->object()) {
        const std::uint64_t count = value.number() != nullptr ? *value.number() : 0;
        std::string line = std::to_string(count);
        const std::uint64_t cost = costs != nullptr ? number_of(*costs, reason) : 0;
        if (count != 0 && cost != 0) {
            line += text(", ", cost / count, " instructions each");
            if (longest != nullptr) line += text(", at most ", number_of(*longest, reason));
        }
        add_line(to, text("exits ", reason), line);
    }
}

}  // namespace

std::string zone_table(const Json& answer) {
    constexpr std::size_t columns = 5;
    using Row = std::array<std::string, columns>;
    std::vector<Row> rows{{"NAME", "STATE", "CPUS", "MEMORY", "REASON"}};
    for (const Json& zone : zones_of(answer)) {
        rows.push_back({zone.member_text("name"), zone.member_text("state"),
                        zone.member_text("cpus"), memory_text(zone), zone.member_text("reason")});
    }
    std::array<std::size_t, columns> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string table;
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < columns; ++i) {
            line += row[i];
            line.append(widths[i] - row[i].size() + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        table += line + '\n';
    }
    return table;
}

std::string zone_statistics(const Json& answer) {
    std::string result;
    for (const Json& zone : zones_of(answer)) {
        result += text("zone ", zone.member_text("name"), '\n');
        add_line(result, "state", zone.member_text("state"));
        if (const std::string reason = zone.member_text("reason"); !reason.empty()) {
            add_line(result, "reason", reason);
        }
        add_line(result, "cpus", zone.member_text("cpus"));
        add_line(result, "memory", memory_text(zone));
        const std::uint64_t uptime = number_of(zone, "uptime_ns");
        add_line(result, "up", seconds_text(uptime));
        if (zone.find("starts") != nullptr) add_line(result, "starts", zone.member_text("starts"));
        const std::uint64_t idle = number_of(zone, "idle_exits");
        std::string rate = std::to_string(idle);
        if (const std::uint64_t whole = uptime / 1000000000; whole != 0) {
            rate += text(", ", idle / whole, " a second");
        }
        add_line(result, "idle exits", rate);
        add_exits(result, zone);
    }
    const Json* const pool = answer.find("pool");
    if (pool != nullptr && pool->object() != nullptr) {
        result += "shared\n";
        for (const auto& [name, value] : *pool->object()) {
            add_line(result, name, pool->member_text(name));
        }
    }
    return result;
}

}  // namespace lkvm::vmm
