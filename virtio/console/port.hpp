// SPDX-License-Identifier: GPL-2.0-or-later
// One port of the console: bytes between its two queues and its back end. VIRTIO 1.2 §5.3.6.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <lkvm/console_backend.hpp>
#include <lkvm/guest_memory.hpp>

#include "virtio/queue.hpp"

namespace lkvm::virtio::console {

/// Stream in both directions with back pressure: a buffer that the back end does not take whole
/// stays with the port, and so does a buffer that waits for input. Owner thread.
class Port {
public:
    static constexpr std::size_t max_segments = 64;

    enum class Role : std::uint8_t { console, named };

    Port() = default;
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;

    /// Once, before use. `name` outlives the port.
    void connect(const GuestMemory& memory, ConsoleBackend& backend, Role role,
                 std::string_view name);
    void attach(Queue& receive, Queue& transmit);

    /// Host to guest: as much as there are buffers and input for.
    void pump_input();
    /// Guest to host: as much as the back end takes.
    void pump_output();
    /// Completes what is held, for Device::stop().
    void drop_input();
    void drop_output();

    /// The guest's end.
    void open(bool is_open);
    [[nodiscard]] bool is_open() const { return open_; }

    [[nodiscard]] Role role() const { return role_; }
    [[nodiscard]] std::string_view name() const { return name_; }

private:
    /// True if the chain is done with.
    [[nodiscard]] bool send_chain();

    const GuestMemory* memory_ = nullptr;
    ConsoleBackend* backend_ = nullptr;
    Role role_ = Role::named;
    std::string_view name_;
    Queue* receive_ = nullptr;
    Queue* transmit_ = nullptr;
    bool open_ = false;
    DescriptorChain input_;
    DescriptorChain output_;
    std::uint32_t output_done_ = 0;  // bytes of output_ that the back end took
    std::array<Segment, max_segments> input_segments_;
    std::array<Segment, max_segments> output_segments_;
};

}  // namespace lkvm::virtio::console
