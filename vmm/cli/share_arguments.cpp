// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/share_arguments.hpp"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "virtio/vsock/packet.hpp"
#include "vmm/cli/number.hpp"
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

std::optional<ShareOptions> parse_root_directory(std::string_view disk_argument) {
    constexpr std::string_view read_only = ",ro";
    ShareOptions share;
    share.path = disk_argument;
    std::error_code ignored;
    if (!std::filesystem::is_directory(share.path, ignored) && disk_argument.ends_with(read_only)) {
        share.path.resize(share.path.size() - read_only.size());
        share.read_only = true;
    }
    if (!std::filesystem::is_directory(share.path, ignored)) return std::nullopt;
    share.tag = root_tag;
    return share;
}

Outcome<VsockOptions> parse_vsock(std::string_view argument, const std::string& guest_name) {
    using virtio::vsock::first_guest_cid;
    using virtio::vsock::last_guest_cid;
    const auto wrong = [&](std::string_view what) {
        return usage_failure(text("--vsock '", argument, "': ", what));
    };
    constexpr std::string_view path_option = ",path=";
    const std::size_t comma = argument.find(',');
    const Number cid = parse_number(argument.substr(0, comma));
    if (cid.error != NumberError::none || cid.value < first_guest_cid ||
        cid.value > last_guest_cid) {
        return wrong(text("expected an address from ", first_guest_cid, " to ", last_guest_cid));
    }
    VsockOptions options;
    options.cid = cid.value;
    if (comma != std::string_view::npos) {
        const std::string_view rest = argument.substr(comma);
        if (!rest.starts_with(path_option) || rest.size() == path_option.size()) {
            return wrong("expected CID[,path=SOCKET]");
        }
        options.path = rest.substr(path_option.size());
        return options;
    }
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') return wrong("without HOME a path=SOCKET is needed");
    options.folder = text(home, "/.lkvm");
    options.path = text(options.folder, '/', guest_name, ".vsock");
    return options;
}

}  // namespace lkvm::vmm
