// SPDX-License-Identifier: GPL-2.0-or-later
// The console device with its ports. VIRTIO 1.2 §5.3.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include <lkvm/guest_memory.hpp>

#include "virtio/console/port.hpp"
#include "virtio/console/protocol.hpp"
#include "virtio/device.hpp"

namespace lkvm::virtio::console {

inline constexpr unsigned max_ports = 31;

/// Number of queues of a console with that many ports.
[[nodiscard]] constexpr unsigned queue_count(unsigned ports) {
    return 2 * ports + 2;
}

/// All queues have one owner, which also calls everything under "owner". Port 0 may be used by
/// drivers without multiport.
class ConsoleDevice final : public Device {
public:
    static constexpr std::uint16_t queue_size = 128;

    /// Ports (1..max_ports) are connected and outlive the device, as do the queues:
    /// queue_count(ports.size()) of them.
    ConsoleDevice(const GuestMemory& memory, std::span<Queue> queues, std::span<Port> ports);

    [[nodiscard]] DeviceType type() const override { return DeviceType::console; }
    [[nodiscard]] std::uint64_t features() const override { return F_SIZE | F_MULTIPORT; }
    [[nodiscard]] std::span<Queue> queues() override { return queues_; }
    [[nodiscard]] std::uint16_t max_queue_size(unsigned) const override { return queue_size; }
    void read_config(std::size_t offset, std::span<std::byte> out) override;
    void start(std::uint64_t features) override;
    void reset() override;
    void run(unsigned queue) override;
    void stop(unsigned queue) override;

    // --- owner ---

    /// The back end of a port has input, or takes output again.
    void input_ready(unsigned port);
    void output_ready(unsigned port);
    /// Whether somebody is at the host's end. The guest may only write to an open one.
    void set_host_open(unsigned port, bool open);
    /// Size of the terminal behind the console ports, in characters.
    void set_size(std::uint16_t cols, std::uint16_t rows);

private:
    /// Messages that wait for a buffer of the driver, a bit each, sent from the lowest on.
    enum Pending : std::uint8_t {
        pending_add = 1,
        pending_console = 2,
        pending_name = 4,
        pending_resize = 8,
        pending_open = 16,
    };

    struct PortState {
        bool ready = false;
        bool host_open = false;
        std::uint8_t pending = 0;
    };

    /// Forgets what the last driver did, if there was a reset since.
    void notice_reset();
    void receive_control();
    void handle(const ControlMessage& message);
    void send_control();
    [[nodiscard]] std::uint32_t write_message(unsigned port, Pending what,
                                              const DescriptorChain& chain);
    void announce(unsigned port, std::uint8_t what);

    const GuestMemory& memory_;
    const std::span<Queue> queues_;
    const std::span<Port> ports_;
    std::atomic<std::uint32_t> size_{0};  // cols | rows << 16

    // Starts and resets so far, and what the last start negotiated: vCPUs write, owners read.
    std::atomic<std::uint32_t> epoch_{0};
    std::atomic<bool> multiport_{false};
    std::atomic<bool> started_{false};

    // Owner.
    std::uint32_t epoch_seen_ = 0;
    PortState states_[max_ports];
    Segment control_segments_[Port::max_segments];
};

}  // namespace lkvm::virtio::console
