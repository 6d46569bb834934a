// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/pack_command.hpp"

#include <algorithm>
#include <string_view>

#include <lkvm/bundle.hpp>

#include "vmm/cli/zone_arguments.hpp"
#include "vmm/text.hpp"
#include "vmm/zones/bundle_file.hpp"
#include "vmm/zones/bundle_printer.hpp"

namespace lkvm::vmm {
namespace {

Outcome<> check_name(const std::string& name, std::span<const ZoneConfig> others) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (name.empty() || name.size() >= bundle::name_size || !std::ranges::all_of(name, allowed)) {
        return usage_failure(text("--zone '", name, "': expected a name of at most ",
                                  bundle::name_size - 1, " letters, digits, '-', '_' and '.'"));
    }
    for (const ZoneConfig& other : others) {
        if (other.machine.name == name) {
            return usage_failure(text("--zone '", name, "': given twice"));
        }
    }
    return {};
}

/// The words of the command line, zone by zone.
class PackParser {
public:
    explicit PackParser(std::span<const char* const> words)
        : words_(words) {}

    Outcome<PackCommand> parse() {
        while (next_ < words_.size()) {
            const std::string_view word = words_[next_++];
            if (word == "--zone") {
                LKVM_CHECK(end_zone());
                zone_ = LKVM_CHECK(value(word));
                in_zone_ = true;
            } else if (in_zone_) {
                options_.push_back(words_[next_ - 1]);
            } else {
                LKVM_CHECK(take_general(word));
            }
        }
        LKVM_CHECK(end_zone());
        LKVM_CHECK(check());
        return command_;
    }

private:
    using Action = PackCommand::Action;

    Outcome<std::string> value(std::string_view option) {
        if (next_ == words_.size()) return usage_failure(text(option, ": expected a value"));
        return std::string(words_[next_++]);
    }

    Outcome<> take_general(std::string_view word) {
        if (word == "-o" || word == "--output") {
            command_.request.output = LKVM_CHECK(value(word));
        } else if (word == "--image") {
            command_.request.image = LKVM_CHECK(value(word));
        } else if (word == "--check" || word == "--print") {
            command_.action = word == "--check" ? Action::check : Action::print;
            command_.input = LKVM_CHECK(value(word));
        } else if (word == "--json") {
            command_.json = true;
        } else if (word == "-h" || word == "--help") {
            command_.action = Action::help;
        } else {
            return usage_failure(text("pack '", word,
                                      "': expected -o FILE and --zone NAME first, or --check FILE "
                                      "or --print FILE (see 'lkvm help pack')"));
        }
        return {};
    }

    Outcome<> end_zone() {
        if (!in_zone_) return {};
        LKVM_CHECK(check_name(zone_, command_.request.zones));
        command_.request.zones.push_back(LKVM_CHECK(parse_zone(zone_, options_)));
        options_.clear();
        return {};
    }

    Outcome<> check() const {
        const PackRequest& request = command_.request;
        if (command_.action == Action::help) return {};
        if (command_.action != Action::make) {
            if (!request.zones.empty() || !request.output.empty()) {
                return usage_failure(
                    "pack: --check and --print make nothing, so -o and --zone "
                    "do not go with them");
            }
            return {};
        }
        if (command_.json) return usage_failure("pack: --json goes with --print");
        if (request.output.empty()) return usage_failure("pack: no output, expected -o FILE");
        if (request.zones.empty() || request.zones.size() > bundle::max_zones) {
            return usage_failure(
                text("pack: ", request.zones.size(), " zones, expected 1 to ", bundle::max_zones));
        }
        return {};
    }

    std::span<const char* const> words_;
    std::size_t next_ = 0;
    PackCommand command_;
    bool in_zone_ = false;
    std::string zone_;
    std::vector<const char*> options_;
};

}  // namespace

Outcome<PackCommand> parse_pack(std::span<const char* const> arguments) {
    return PackParser(arguments).parse();
}

Outcome<std::string> pack(const PackCommand& command, StderrLog& log) {
    using Action = PackCommand::Action;
    if (command.action == Action::help) return pack_help();
    if (command.action == Action::make) {
        std::vector<std::string> warnings;
        const Outcome<> made = write_bundle(command.request, warnings);
        for (const std::string& warning : warnings) log.warn(warning);
        if (!made.has_value()) return made.failure();
        return std::string{};
    }
    const bool check = command.action == Action::check;
    const BundleFile file =
        LKVM_CHECK(BundleFile::open(check ? "--check" : "--print", command.input));
    if (check) {
        LKVM_CHECK(file.check_images());
        return std::string{};
    }
    return command.json ? print_bundle_json(file.zones()) : print_bundle(file.zones());
}

std::string pack_help() {
    return text(
        "Make a bundle of zones for lkvm-zones, or look at one\n"
        "Usage: lkvm pack -o FILE [--image FILE] --zone NAME [OPTIONS] [--zone NAME ...]\n"
        "       lkvm pack --check FILE\n"
        "       lkvm pack --print FILE [--json]\n\n"
        "OPTIONS:\n"
        "  -o, --output FILE   Make this file\n"
        "      --image FILE    Put the bundle behind this lkvm-zones.efi: one file that boots\n"
        "      --check FILE    Look whether a bundle is good\n"
        "      --print FILE    Tell what is in a bundle; --json: as JSON\n"
        "      --zone NAME     Describe a zone: with options of run -k, -i, -p, --nodefaults, -m,\n"
        "                      -c, -d, -n mode=zones,net=NAME, --rng, --console, --load, and "
        "those\n"
        "                      below. -d takes FILE[,ro][,serial=TEXT], a disk in memory, or\n"
        "                      board=N,first=SECTOR,count=SECTORS[,ro][,serial=TEXT]\n",
        zone_options_help());
}

}  // namespace lkvm::vmm
