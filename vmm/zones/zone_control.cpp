// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmm/zones/zone_control.hpp"

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "vmm/text.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace lkvm::vmm {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// More than any answer has.
constexpr std::size_t longest_answer = std::size_t{1} << 20;

Failure failure(std::string_view what) {
    return setup_failure(text("control port: ", what));
}

/// Waits for the port; false: it took too long.
bool wait_for(int fd, short events, Clock::time_point deadline) {
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) return false;
        pollfd wanted{fd, events, 0};
        if (::poll(&wanted, 1, static_cast<int>(left.count())) > 0) return true;
    }
}

/// Where an action leads to, and whether it gets there by itself from a state.
std::string_view goal_of(std::string_view action) {
    if (action == "stop") return "stopped";
    if (action == "pause") return "paused";
    return "running";
}

bool on_the_way(std::string_view state) {
    return state == "starting" || state == "stopping" || state == "pausing";
}

}  // namespace

std::optional<std::string> find_zone_control(const std::string& class_folder,
                                             const std::string& device_folder) {
    std::error_code error;
    for (const fs::directory_entry& port : fs::directory_iterator(class_folder, error)) {
        std::ifstream file(port.path() / "name");
        std::string name;
        std::getline(file, name);
        if (name == zone_control_port) {
            return (fs::path(device_folder) / port.path().filename()).string();
        }
    }
    return std::nullopt;
}

Outcome<ZoneControl> ZoneControl::open(const std::string& path, const Patience& patience) {
    const Clock::time_point deadline = Clock::now() + patience.open;
    for (;;) {
        UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
        if (fd.valid()) return ZoneControl(std::move(fd), patience);
        if (errno != EBUSY || Clock::now() > deadline) {
            return failure(text("'", path, "': ", system_error_text(errno)));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

Outcome<std::string> ZoneControl::read_line() {
    const Clock::time_point deadline = Clock::now() + patience_.answer;
    for (;;) {
        if (const std::size_t end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            if (!line.empty()) return line;
            continue;
        }
        if (received_.size() > longest_answer) return failure("the answer has no end");
        if (!wait_for(fd_.value(), POLLIN, deadline)) {
            return failure("the hypervisor does not answer");
        }
        std::array<char, 4096> bytes;
        const ssize_t count = ::read(fd_.value(), bytes.data(), bytes.size());
        if (count > 0) {
            received_.append(bytes.data(), static_cast<std::size_t>(count));
        } else if (count == 0) {
            return failure("the hypervisor has closed it");
        } else if (errno != EAGAIN && errno != EINTR) {
            return failure(system_error_text(errno));
        }
    }
}

Outcome<Json> ZoneControl::ask(std::string_view request) {
    const std::string line = text(request, '\n');
    const Clock::time_point deadline = Clock::now() + patience_.answer;
    for (std::size_t done = 0; done < line.size();) {
        const ssize_t count = ::write(fd_.value(), line.data() + done, line.size() - done);
        if (count > 0) {
            done += static_cast<std::size_t>(count);
        } else if (errno != EAGAIN && errno != EINTR) {
            return failure(system_error_text(errno));
        } else if (!wait_for(fd_.value(), POLLOUT, deadline)) {
            return failure("the hypervisor takes no requests");
        }
    }
    const std::string answer = LKVM_CHECK(read_line());
    std::optional<Json> json = Json::parse(answer);
    const Json* const ok = json.has_value() ? json->find("ok") : nullptr;
    if (ok == nullptr || ok->boolean() == nullptr) {
        return failure(text("'", answer.substr(0, 80), "' is no answer"));
    }
    if (!*ok->boolean()) return setup_failure(json->member_text("error"));
    return std::move(*json);
}

Outcome<Json> ZoneControl::show(const std::string& zone) {
    const Json answer = LKVM_CHECK(ask("list"));
    const Json* const zones = answer.find("zones");
    if (zones != nullptr && zones->array() != nullptr) {
        for (const Json& each : *zones->array()) {
            if (each.member_text("name") == zone) return each;
        }
    }
    return setup_failure(text("there is no zone ", zone));
}

Outcome<Json> ZoneControl::change(const std::string& action, const std::string& zone) {
    static_cast<void>(LKVM_CHECK(ask(text(action, ' ', zone))));
    const Clock::time_point deadline = Clock::now() + patience_.change;
    for (;;) {
        Json now = LKVM_CHECK(show(zone));
        const std::string state = now.member_text("state");
        if (state == goal_of(action)) return now;
        if (!on_the_way(state) || Clock::now() > deadline) {
            const std::string reason = now.member_text("reason");
            return setup_failure(
                text("zone '", zone, "' is ", state, reason.empty() ? "" : ": ", reason));
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

}  // namespace lkvm::vmm
