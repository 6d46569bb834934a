// SPDX-License-Identifier: GPL-2.0-or-later
// One connection between a guest's socket and a unix socket of the host.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include <lkvm/host_buffer.hpp>

#include "virtio/vsock/packet.hpp"
#include "vmm/host/unique_fd.hpp"

namespace lkvm::vmm {

/// The two ports tell connections apart, as each side has one address.
struct VsockPorts {
    std::uint32_t host = 0;
    std::uint32_t guest = 0;

    friend bool operator==(const VsockPorts&, const VsockPorts&) = default;
};

/// Bytes and credit of one connection; knows nothing of other connections or of event loops. What
/// it wants the guest to be told is noted in `pending` and fetched with next(). VIRTIO 1.2
/// §5.10.6.3 (credit), §5.10.6.5 (stream sockets). Owner thread of the device.
class VsockConnection {
public:
    /// What is kept for a host program that does not read. The guest may send no more than that.
    static constexpr std::uint32_t large_buffer = 256 * 1024;
    /// The same when there are many connections.
    static constexpr std::uint32_t small_buffer = 16 * 1024;

    enum class State : std::uint8_t {
        connecting,  ///< the host's program has no room for another connection yet
        requested,   ///< the guest was asked and has not answered
        established,
        lingering,  ///< over for the guest; the last bytes wait for the host's program
        ended,      ///< to be forgotten
    };

    VsockConnection(VsockPorts ports, State state, UniqueFd socket,
                    std::uint32_t buffer_size = large_buffer)
        : buffer_size_(buffer_size)
        , ports_(ports)
        , socket_(std::move(socket))
        , state_(state) {}

    [[nodiscard]] VsockPorts ports() const { return ports_; }
    [[nodiscard]] std::uint32_t buffer_size() const { return buffer_size_; }
    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] int fd() const { return socket_.value(); }

    // --- the guest ---

    /// The guest answered, or the host's program did. Tells the guest if `answer`.
    void establish(bool answer);
    /// To be asked whether it takes the connection.
    void request() { pending_ |= send_request; }
    /// Takes up what every packet says about the guest's buffer.
    void update_credit(const virtio::vsock::Packet& packet);
    /// Bytes for the host's program. Ends the connection if the guest sent more than it may.
    void receive(std::span<const HostBuffer> payload, std::uint32_t length);
    void credit_requested() { pending_ |= send_credit; }
    void guest_shut_down(std::uint32_t flags);
    /// The guest says that there is no such connection.
    void guest_reset();
    /// Ends the connection and tells the guest.
    void abort();

    /// Whether next() would probably find something.
    [[nodiscard]] bool has_next() const;
    /// The next packet of this connection: without addresses and ports. False if there is none.
    [[nodiscard]] bool next(virtio::vsock::Packet& packet, std::span<const HostBuffer> space,
                            std::uint32_t room);

    // --- the host's program ---

    /// The socket has something to read, or its end.
    void input_ready(bool hung_up);
    /// The socket takes bytes again.
    void output_ready();

private:
    enum Pending : unsigned {
        send_request = 1,
        send_response = 2,
        send_credit = 4,
        send_credit_request = 8,
        send_shutdown = 16,
        send_reset = 32,
    };

    [[nodiscard]] std::uint32_t guest_room() const;
    [[nodiscard]] bool next_control(virtio::vsock::Packet& packet);
    [[nodiscard]] bool next_data(virtio::vsock::Packet& packet, std::span<const HostBuffer> space,
                                 std::uint32_t room);
    void describe(virtio::vsock::Packet& packet, virtio::vsock::Operation operation);
    /// Tells the guest that the host's program sends (or takes) no more.
    void tell_shutdown(std::uint32_t flags);
    void write_failed();
    /// After bytes went out: credit for the guest, and what waited for them.
    void flushed();

    void keep(const std::byte* bytes, std::size_t count);

    std::uint32_t buffer_size_;
    VsockPorts ports_;
    UniqueFd socket_;
    State state_;
    unsigned pending_ = 0;
    bool readable_ = true;  // not known to be empty
    bool hung_up_ = false;  // the host's program has closed its end altogether
    bool write_broken_ = false;
    std::uint32_t told_shutdown_ = 0;   // by us
    std::uint32_t guest_shutdown_ = 0;  // by the guest
    // To the guest. All four counters wrap.
    std::uint32_t guest_buffer_ = 0;
    std::uint32_t guest_forwarded_ = 0;
    std::uint32_t sent_ = 0;
    bool asked_credit_ = false;  // and not got any since
    // From the guest.
    std::uint32_t received_ = 0;
    std::uint32_t forwarded_ = 0;
    std::uint32_t told_forwarded_ = 0;
    std::vector<std::byte> waiting_;  // for the host's program; the first waiting_done_ are gone
    std::size_t waiting_done_ = 0;
};

}  // namespace lkvm::vmm
