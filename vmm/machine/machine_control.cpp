// SPDX-License-Identifier: GPL-2.0-or-later
// What other processes can ask of a running machine.
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>

#include "vmm/control/control_client.hpp"
#include "vmm/machine/machine.hpp"
#include "vmm/text.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace lkvm::vmm {

Outcome<> Machine::open_control() {
    if (config_.control_socket.empty()) return {};
    const std::string folder = std::filesystem::path(config_.control_socket).parent_path();
    // A guest runs well without it, in a home that cannot be written for example.
    const auto do_without = [&](std::string_view why) {
        log_.warn(text(why, "; lkvm list, stop and the like will not find this guest"));
        return Outcome<>{};
    };
    if (!folder.empty() && ::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return do_without(text("control socket: '", folder, "': ", system_error_text(errno)));
    }
    // Again if the guest that had the name ended just now.
    constexpr int tries = 2;
    for (int i = 0;; ++i) {
        Outcome<std::unique_ptr<ControlServer>> made =
            ControlServer::create(config_.control_socket, *this);
        if (made.has_value()) {
            control_ = std::move(made).value();
            return {};
        }
        if (guest_runs(config_.name)) {
            return setup_failure(text("--name: a guest '", config_.name, "' runs already"));
        }
        if (i + 1 == tries) return do_without(made.failure().message);
    }
}

void Machine::pause_vcpus() {
    // A vCPU that waits for the console could not be paused.
    console_.output().set_unlimited(true);
    backend_->pause();
    console_.output().set_unlimited(false);
}

void Machine::control_pause() {
    if (paused_) return;
    pause_vcpus();
    paused_ = true;
    log_.info("paused by lkvm pause");
}

void Machine::control_resume() {
    if (!paused_) return;
    backend_->resume();
    paused_ = false;
    log_.info("resumed");
}

std::uint64_t Machine::control_memory() {
    return ram_.memory().banks().total_size();
}

std::string Machine::control_registers() {
    if (!paused_) pause_vcpus();
    std::string all = text("name ", config_.name, '\n');
    for (unsigned i = 0; i < config_.cpu_count; ++i) {
        all += describe(i, backend_->registers(i), ram_.memory());
    }
    if (!paused_) backend_->resume();
    return all;
}

/// Linux takes the key that follows a break for a command.
bool Machine::control_sysrq(char key) {
    la::Uart16550& uart = platform_.devices().uart();
    if (!uart.receive_break()) return false;
    const auto byte = static_cast<std::byte>(key);
    return uart.receive({&byte, 1}) == 1;
}

std::string Machine::control_status() {
    return text("name ", config_.name, "\npid ", ::getpid(), "\nstate ",
                paused_ ? "paused" : "running", "\ncpus ", config_.cpu_count, "\nmemory ",
                control_memory(), "\naccelerator ", backend_->name(), '\n');
}

}  // namespace lkvm::vmm
