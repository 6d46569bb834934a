// SPDX-License-Identifier: GPL-2.0-or-later
// The network device: features, configuration space and control queue. VIRTIO 1.2 §5.1.
#include "virtio/net/device.hpp"

#include <utility>
#include <variant>

#include <lkvm/assert.hpp>

#include "virtio/net/config.hpp"

namespace lkvm::virtio::net {

namespace {

/// VIRTIO 1.2 §5.1.6.5.
enum class Ack : std::uint8_t { ok = 0, error = 1 };

/// `features` has `dependent` without any of `required`. VIRTIO 1.2 §5.1.3.1.
constexpr bool lacks(std::uint64_t features, std::uint64_t dependent, std::uint64_t required) {
    return (features & dependent) != 0 && (features & required) == 0;
}

}  // namespace

void QueuePair::connect(const GuestMemory& memory, Queue& receive, Queue& transmit,
                        NetBackend& backend, Shared& shared) {
    receive_.connect(memory, receive, backend, shared);
    transmit_.connect(memory, transmit, backend, shared);
    backend.connect(*this);
}

NetDevice::NetDevice(const GuestMemory& memory, const NetProperties& properties, const Parts& parts)
    : memory_(memory)
    , properties_(properties)
    , queues_(parts.queues)
    , pairs_(parts.pairs)
    , control_(parts.control)
    , shared_(properties.mac) {
    LKVM_ASSERT(!pairs_.empty() && parts.backends.size() == pairs_.size() &&
                queues_.size() == 2 * pairs_.size() + 1);
    for (std::size_t i = 0; i < pairs_.size(); ++i) {
        pairs_[i].connect(memory, queues_[2 * i], queues_[2 * i + 1], *parts.backends[i], shared_);
    }
}

void NetDevice::set_link(bool up) {
    if (link_up_.exchange(up, std::memory_order_acq_rel) != up) events().config_changed();
}

std::uint64_t NetDevice::features() const {
    std::uint64_t features =
        F_MAC | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ | F_CTRL_RX | F_CTRL_RX_EXTRA | F_CTRL_MAC_ADDR;
    features |= features_of(host_offload_features, properties_.to_host);
    features |= features_of(guest_offload_features, properties_.to_guest);
    if (properties_.to_guest != 0) features |= F_CTRL_GUEST_OFFLOADS;
    if (properties_.mtu != 0) features |= F_MTU;
    if (max_pairs() > 1) features |= F_MQ;
    return features;
}

std::uint16_t NetDevice::max_queue_size(unsigned) const {
    // Which queue is the control queue depends on what is negotiated.
    return queue_size;
}

void NetDevice::read_config(std::size_t offset, std::span<std::byte> out) {
    Config config;
    config.mac = shared_.filter.mac();
    config.status = link_up_.load(std::memory_order_acquire) ? S_LINK_UP : std::uint16_t{0};
    config.max_virtqueue_pairs = static_cast<std::uint16_t>(max_pairs());
    config.mtu = properties_.mtu;
    copy_config(std::as_bytes(std::span{&config, 1}), offset, out);
}

bool NetDevice::accept_features(std::uint64_t features) {
    constexpr std::uint64_t guest_segments =
        F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_USO4 | F_GUEST_USO6;
    return !lacks(features, guest_segments, F_GUEST_CSUM) &&
           !lacks(features, F_GUEST_ECN, F_GUEST_TSO4 | F_GUEST_TSO6) &&
           !lacks(features, F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_USO, F_CSUM) &&
           !lacks(features, F_HOST_ECN, F_HOST_TSO4 | F_HOST_TSO6) &&
           !lacks(features,
                  F_CTRL_RX | F_CTRL_RX_EXTRA | F_CTRL_MAC_ADDR | F_CTRL_GUEST_OFFLOADS | F_MQ,
                  F_CTRL_VQ);
}

void NetDevice::start(std::uint64_t features) {
    features_.store(features, std::memory_order_relaxed);
    control_queue_.store((features & F_MQ) != 0 ? 2 * max_pairs() : 2, std::memory_order_relaxed);
    shared_.host_offloads.store(offloads_of(host_offload_features, features),
                                std::memory_order_relaxed);
    shared_.mergeable.store((features & F_MRG_RXBUF) != 0, std::memory_order_relaxed);
    set_guest_offloads(features);
}

void NetDevice::reset() {
    features_.store(0, std::memory_order_relaxed);
    shared_.host_offloads.store(0, std::memory_order_relaxed);
    shared_.mergeable.store(false, std::memory_order_relaxed);
    shared_.filter.reset();
    set_guest_offloads(0);
    control_.set_queue_pairs(1);
}

void NetDevice::set_guest_offloads(std::uint64_t features) {
    const NetOffloads offloads = offloads_of(guest_offload_features, features);
    shared_.guest_offloads.store(offloads, std::memory_order_relaxed);
    control_.set_guest_offloads(offloads);
}

void NetDevice::run(unsigned queue) {
    if (queue == control_queue() && has(F_CTRL_VQ)) return run_control(queues_[queue]);
    const unsigned pair = queue / 2;
    if (pair >= max_pairs()) return;
    if (queue % 2 == 0) {
        pairs_[pair].receive().run();
    } else {
        pairs_[pair].transmit().run();
    }
}

void NetDevice::stop(unsigned queue) {
    // The control queue holds nothing. Where it took the place of a pair that pair holds nothing.
    const unsigned pair = queue / 2;
    if (pair >= max_pairs()) return;
    if (queue % 2 == 0) {
        pairs_[pair].receive().stop();
    } else {
        pairs_[pair].transmit().stop();
    }
}

// --- control queue ---

void NetDevice::run_control(Queue& queue) {
    queue.drain(
        [this] { return std::span<Segment>{control_segments_}; },
        [this, &queue](DescriptorChain&& chain) {
            if (chain.writable_bytes() == 0) {
                queue.give_up(ErrorCode::truncated);
                return queue.complete(std::move(chain), 0);
            }
            const Ack ack = execute(chain) ? Ack::ok : Ack::error;
            // There is a byte.
            static_cast<void>(ChainWriter(memory_, chain).write(static_cast<std::uint8_t>(ack)));
            queue.complete(std::move(chain), sizeof(std::uint8_t));
        });
    queue.notify();
}

bool NetDevice::execute(const DescriptorChain& chain) {
    const Result<Command> command = parse_command(memory_, chain);
    if (!command.has_value()) return false;
    return std::visit([this](const auto& which) { return obey(which); }, command.value());
}

bool NetDevice::obey(const SetReceiveMode& command) {
    const bool basic =
        command.mode == ReceiveMode::promiscuous || command.mode == ReceiveMode::all_multicast;
    if (!has(basic ? F_CTRL_RX : F_CTRL_RX_EXTRA)) return false;
    shared_.filter.set_mode(command.mode, command.on);
    return true;
}

bool NetDevice::obey(const SetMacTables& command) {
    if (!has(F_CTRL_RX)) return false;
    shared_.filter.set_tables(command.unicast, command.multicast);
    return true;
}

bool NetDevice::obey(const SetMac& command) {
    if (!has(F_CTRL_MAC_ADDR)) return false;
    shared_.filter.set_mac(command.mac);
    return true;
}

bool NetDevice::obey(const SetQueuePairs& command) {
    if (!has(F_MQ) || command.pairs == 0 || command.pairs > max_pairs()) return false;
    control_.set_queue_pairs(command.pairs);
    return true;
}

bool NetDevice::obey(const SetGuestOffloads& command) {
    // VIRTIO 1.2 §5.1.6.5.6.1: only what was negotiated.
    const std::uint64_t negotiated = features_.load(std::memory_order_relaxed);
    if (!has(F_CTRL_GUEST_OFFLOADS)) return false;
    if ((command.features & ~(negotiated & switchable_features)) != 0) return false;
    set_guest_offloads(command.features);
    return true;
}

}  // namespace lkvm::virtio::net
