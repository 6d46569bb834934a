// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's serial port joined to standard input and output.
#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <vector>

#include <lkvm/serial_backend.hpp>

#include "loongarch/platform/uart16550.hpp"
#include "vmm/devices/terminal_port.hpp"
#include "vmm/devices/terminal_side.hpp"
#include "vmm/host/console_output.hpp"
#include "vmm/host/escape_keys.hpp"
#include "vmm/host/wake_up.hpp"
#include "vmm/machine/panic_watch.hpp"

namespace lkvm::vmm {

/// Output goes from the vCPUs' threads to a queue; input is read by the main thread, which also
/// waits here until the port has room. No byte is lost in either direction. A virtio console port
/// is the same terminal's second line.
class SerialConsole final : public SerialBackend, public TerminalSide {
public:
    /// Typed bytes that wait for the guest before the main thread stops reading more.
    static constexpr std::size_t input_limit = 64 * 1024;

    /// `wake` is signalled when the main thread should call pump() or look at panic_seen().
    SerialConsole(int output_fd, ConsoleOutput::BrokenSink& broken, WakeUp& wake)
        : wake_(wake)
        , output_(output_fd, broken) {}

    // Any thread.
    void transmit(std::span<const std::byte> bytes) override;
    void receive_ready() override { wake_.signal(); }
    [[nodiscard]] std::size_t output(std::span<const std::byte> bytes) override;
    void set_room_handler(std::function<void()> handler) override {
        output_.set_room_handler(std::move(handler));
    }
    void input_wanted() override { wake_.signal(); }
    [[nodiscard]] bool panic_seen();
    void forget_panic();

    // Main thread.
    [[nodiscard]] ConsoleOutput& output() { return output_; }
    [[nodiscard]] bool wants_input() const { return waiting_.size() < input_limit; }
    /// Takes typed bytes up to the first command.
    [[nodiscard]] KeyCommand type(std::span<const std::byte>& bytes);
    /// Gives the port as much waiting input as it takes: the console port, if there is one and the
    /// guest uses it, else the serial port.
    void pump(la::Uart16550& uart, TerminalPort* port);

private:
    void watch_for_panic(std::span<const std::byte> bytes);

    WakeUp& wake_;
    ConsoleOutput output_;
    EscapeKeys keys_;
    std::vector<std::byte> waiting_;
    std::mutex panic_mutex_;
    PanicWatch panic_;
};

}  // namespace lkvm::vmm
