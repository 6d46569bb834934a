// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/control/control_folder.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "vmm/text.hpp"

namespace lkvm::vmm {

namespace {

constexpr std::string_view suffix = ".sock";

}  // namespace

std::string control_folder() {
    const char* const home = std::getenv("HOME");
    if (home == nullptr || *home == '\0') return {};
    return text(home, "/.lkvm");
}

std::string control_path(const std::string& guest_name) {
    const std::string folder = control_folder();
    return folder.empty() ? folder : text(folder, '/', guest_name, suffix);
}

std::vector<std::string> control_names() {
    std::vector<std::string> names;
    std::error_code ignored;  // no folder: no guests
    for (const auto& entry : std::filesystem::directory_iterator(control_folder(), ignored)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(suffix) || !entry.is_socket(ignored)) continue;
        names.push_back(name.substr(0, name.size() - suffix.size()));
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace lkvm::vmm
