// SPDX-License-Identifier: GPL-2.0-or-later
// `lkvm pack`: bundles of zones for lkvm-zones.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "vmm/log.hpp"
#include "vmm/outcome.hpp"
#include "vmm/zones/bundle_writer.hpp"

namespace lkvm::vmm {

struct PackCommand {
    enum class Action : unsigned char { make, check, print, help };
    Action action = Action::make;
    PackRequest request;  ///< make; the zones' names are set and differ
    std::string input;    ///< check, print
    bool json = false;
};

/// `arguments` behind the word pack: `-o FILE` and, for each zone, `--zone NAME` with its options;
/// or `--check FILE`, or `--print FILE` with `--json`. All failures are usage failures.
[[nodiscard]] Outcome<PackCommand> parse_pack(std::span<const char* const> arguments);

/// Does it. Text for standard output, for print.
[[nodiscard]] Outcome<std::string> pack(const PackCommand& command, StderrLog& log);

/// What `lkvm help pack` prints.
[[nodiscard]] std::string pack_help();

}  // namespace lkvm::vmm
