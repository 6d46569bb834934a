// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/share_arguments.hpp"

#include "vmm/text.hpp"

namespace lkvm::vmm {

Outcome<ShareOptions> parse_share(std::string_view argument) {
    const auto wrong = [&](std::string_view what) {
        return usage_failure(text("--9p '", argument, "': ", what));
    };
    ShareOptions share;
    std::string_view rest = argument;
    if (rest.ends_with(",ro")) {
        share.read_only = true;
        rest.remove_suffix(3);
    }
    // The last comma, as a directory may have some in its name.
    const std::size_t comma = rest.rfind(',');
    if (comma == std::string_view::npos || comma == 0) return wrong("expected DIRECTORY,TAG[,ro]");
    share.path = rest.substr(0, comma);
    share.tag = rest.substr(comma + 1);
    if (share.tag.empty() || share.tag.size() > virtio::p9::max_tag) {
        return wrong(text("expected a tag of 1 to ", virtio::p9::max_tag, " bytes"));
    }
    return share;
}

}  // namespace lkvm::vmm
