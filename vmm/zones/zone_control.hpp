// SPDX-License-Identifier: GPL-2.0-or-later
// A control zone's way to the hypervisor: a port of its virtio console. One line of words out, one
// line of JSON back; docs/zones.md lists them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/host/unique_fd.hpp"
#include "vmm/json/json.hpp"
#include "vmm/outcome.hpp"

namespace lkvm::vmm {

inline constexpr std::string_view zone_control_port = "lkvm.control";

/// The device file of the port, if this machine is a zone that has it. `class_folder` and
/// `device_folder` are /sys/class/virtio-ports and /dev.
[[nodiscard]] std::optional<std::string> find_zone_control(
    const std::string& class_folder = "/sys/class/virtio-ports",
    const std::string& device_folder = "/dev");

/// The open port, which one program can have at a time.
class ZoneControl {
public:
    struct Patience {
        std::chrono::milliseconds open{5000};     ///< while another program has the port
        std::chrono::milliseconds answer{10000};  ///< for one answer
        std::chrono::milliseconds change{60000};  ///< until a zone's state is what was asked for
    };

    [[nodiscard]] static Outcome<ZoneControl> open(const std::string& path,
                                                   const Patience& patience);

    /// The answer to one request. Failures: the hypervisor refuses, or what comes is no answer.
    [[nodiscard]] Outcome<Json> ask(std::string_view request);

    /// start, stop, reset, pause or resume, and waits until it has happened. Returns the zone as
    /// `list` shows it.
    [[nodiscard]] Outcome<Json> change(const std::string& action, const std::string& zone);

private:
    ZoneControl(UniqueFd fd, const Patience& patience)
        : fd_(std::move(fd))
        , patience_(patience) {}

    [[nodiscard]] Outcome<std::string> read_line();
    [[nodiscard]] Outcome<Json> show(const std::string& zone);

    UniqueFd fd_;
    Patience patience_;
    std::string received_;
};

}  // namespace lkvm::vmm
