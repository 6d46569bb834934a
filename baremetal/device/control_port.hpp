// SPDX-License-Identifier: GPL-2.0-or-later
// The port on which a zone manages the others: a line in, a line out.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include <lkvm/console_backend.hpp>

#include "baremetal/device/queue_runner.hpp"

namespace lkvm::hv {

/// Who carries out what the control zone asks for.
class ControlService {
public:
    /// Answers a line (without its end) with one line, also without; returns its length, at most
    /// reply.size(). On a CPU of the control zone.
    [[nodiscard]] virtual std::size_t answer(std::string_view request, std::span<char> reply) = 0;

protected:
    ~ControlService() = default;  // never deleted through the interface
};

/// While an answer waits to be read nothing more is taken. Owner.
class ControlPort final : public ConsoleBackend {
public:
    static constexpr std::string_view name = "lkvm.control";
    static constexpr std::size_t most_request = 1024;
    static constexpr std::size_t most_reply = 0x10000;

    ControlPort() = default;
    ControlPort(const ControlPort&) = delete;
    ControlPort& operator=(const ControlPort&) = delete;

    /// Once, before use.
    void connect(ControlService& service, QueueRunner& runner) {
        service_ = &service;
        runner_ = &runner;
    }

    [[nodiscard]] std::size_t write(std::span<const std::byte> bytes) override;
    [[nodiscard]] std::size_t read(std::span<std::byte> to) override;
    void guest_opened(bool open) override;

    /// QueueRunner's events.
    static constexpr unsigned event_answer = 1;  ///< there is something to read
    static constexpr unsigned event_room = 2;    ///< more is taken

private:
    void take_line();

    ControlService* service_ = nullptr;
    QueueRunner* runner_ = nullptr;
    std::array<char, most_request> request_{};
    std::size_t request_size_ = 0;
    bool too_long_ = false;
    std::array<char, most_reply> reply_{};
    std::size_t reply_size_ = 0;
    std::size_t reply_read_ = 0;
};

}  // namespace lkvm::hv
