// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/control/balloon_text.hpp"

#include <array>
#include <string_view>

#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::array<std::string_view, virtio::balloon::statistic_count> statistic_names{
    "swap-in",        "swap-out",          "major-faults", "minor-faults",        "free",
    "total",          "available",         "disk-caches",  "hugetlb-allocations", "hugetlb-fails",
    "oom-kills",      "allocation-stalls", "async-scans",  "direct-scans",        "async-reclaims",
    "direct-reclaims"};

}  // namespace

std::string describe(const BalloonState& state) {
    std::string lines = text("balloon-target ", state.target_bytes, "\nballoon-actual ",
                             state.actual_bytes, "\nballoon-inflated ", state.inflated_bytes,
                             "\nballoon-reported ", state.reported_bytes, '\n');
    for (std::size_t i = 0; i < state.guest.size(); ++i) {
        if (!state.guest[i].has_value()) continue;
        lines += text("guest-", statistic_names[i], ' ', *state.guest[i], '\n');
    }
    return lines;
}

}  // namespace lkvm::vmm
