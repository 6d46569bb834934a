// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/cli/root_arguments.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "vmm/cli/device_arguments.hpp"
#include "vmm/cli/share_arguments.hpp"
#include "vmm/text.hpp"

#include <sys/stat.h>

namespace lkvm::vmm {

namespace {

bool is_directory(const std::string& path) {
    struct stat about{};
    return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
}

/// Whether what is written to the one disk is also in the other.
bool same_disk(const std::string& path, const std::string& other) {
    struct stat one{};
    struct stat two{};
    if (::stat(path.c_str(), &one) != 0 || ::stat(other.c_str(), &two) != 0) return false;
    if (S_ISBLK(one.st_mode) && S_ISBLK(two.st_mode)) return one.st_rdev == two.st_rdev;
    return S_ISREG(one.st_mode) && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

const ShareOptions* root_share(const DeviceOptions& devices) {
    const auto found = std::ranges::find(devices.shares, root_tag, &ShareOptions::tag);
    return found == devices.shares.end() ? nullptr : &*found;
}

/// The same as kvmtool's. In its other caches Linux keeps a copy of a file for each time that it
/// looked the name up, and they need not agree.
constexpr std::string_view share_command_line =
    " rootfstype=9p rootflags=trans=virtio,version=9p2000.L,msize=262144,cache=loose";

bool names_root(const std::vector<std::string>& params) {
    return std::ranges::any_of(params, [](const std::string& part) {
        return part.starts_with("root=") || part.find(" root=") != std::string::npos;
    });
}

}  // namespace

bool has_tag(const DeviceOptions& devices, std::string_view tag) {
    return std::ranges::find(devices.shares, tag, &ShareOptions::tag) != devices.shares.end();
}

Outcome<> check_disks(const std::vector<std::string>& arguments, DeviceOptions& devices) {
    for (const std::string& argument : arguments) {
        const auto bad = [&argument](std::string_view what) {
            return usage_failure(text("--disk '", argument, "': ", what));
        };
        if (std::optional<ShareOptions> share = parse_root_directory(argument)) {
            if (has_tag(devices, root_tag)) {
                return bad("there is a root directory already, expected --9p for others");
            }
            devices.shares.push_back(std::move(*share));
            continue;
        }
        DiskOptions disk = LKVM_CHECK(parse_disk(argument));
        if (is_directory(disk.path)) {
            return bad(text("'", disk.path,
                            "' is a directory, the root file system, which has no options but ro"));
        }
        for (const DiskOptions& other : devices.disks) {
            if (same_disk(disk.path, other.path) && !(disk.read_only && other.read_only)) {
                return bad("the same image twice, expected ro with both");
            }
        }
        devices.disks.push_back(std::move(disk));
    }
    return {};
}

std::string root_command_line(const DeviceOptions& devices, bool has_initrd,
                              const std::vector<std::string>& params) {
    if (const ShareOptions* const share = root_share(devices)) {
        return text(" root=", root_tag, share_command_line, share->read_only ? " ro" : " rw");
    }
    if (has_initrd || devices.disks.empty() || names_root(params)) return {};
    return devices.disks.front().read_only ? " root=/dev/vda ro" : " root=/dev/vda rw";
}

std::string built_initrd() {
    namespace fs = std::filesystem;
    std::error_code error;
    const fs::path program = fs::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const fs::path folder = program.parent_path();
    for (const fs::path& path :
         {folder / "assets/initrd.img", folder / "../share/lkvm/initrd.img"}) {
        if (fs::is_regular_file(path, error)) return path.lexically_normal().string();
    }
    return {};
}

}  // namespace lkvm::vmm
