// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/device/zone_devices.hpp"

#include <bit>
#include <optional>

#include "baremetal/device/disk_partition.hpp"
#include "baremetal/device/ram_disk.hpp"
#include "baremetal/net/switch_port.hpp"
#include "virtio/blk/device.hpp"
#include "virtio/net/device.hpp"
#include "virtio/rng/device.hpp"

namespace lkvm::hv {
namespace {

constexpr std::array<std::string_view, bundle::max_disks> disk_names{
    "virtio-blk0", "virtio-blk1", "virtio-blk2", "virtio-blk3",
    "virtio-blk4", "virtio-blk5", "virtio-blk6", "virtio-blk7"};
constexpr std::array<std::string_view, bundle::max_ports> port_names{"virtio-net0", "virtio-net1",
                                                                     "virtio-net2", "virtio-net3"};

/// A disk with what it consists of, in place for good.
struct DiskUnit {
    virtio::Queue queue;
    virtio::blk::RequestQueue requests;
};

struct NetUnit {
    std::array<virtio::Queue, 3> queues;
    std::array<virtio::net::QueuePair, 1> pairs;
    SwitchPort port;
};

/// The disk that a part is of, if it has that part.
Result<BoardDisk*> find_board_disk(const bundle::Disk& disk, std::size_t number,
                                   const DeviceWorld& world, const DevicePlace& place) {
    if (disk.board_disk >= world.board_disks.size()) {
        place.log.line(LogLevel::error, disk_names[number], "the board has no disk number",
                       disk.board_disk);
        return fail(ErrorCode::out_of_range, number);
    }
    BoardDisk* const whole = world.board_disks[disk.board_disk];
    const std::uint64_t sectors = whole->sectors();
    if (disk.first_sector > sectors || disk.sector_count > sectors - disk.first_sector) {
        place.log.line(LogLevel::error, disk_names[number],
                       "its part ends behind the board's disk, whose sectors are", sectors);
        return fail(ErrorCode::out_of_range, number);
    }
    return whole;
}

}  // namespace

/// Console with its ports; tells the device what its back ends have.
class ZoneDevices::ConsoleUnit final : public BackendWork {
public:
    static constexpr unsigned max_ports = 2;

    void work(unsigned event) override {
        if (event == Terminal::event_input) device->input_ready(0);
        if (event == Terminal::event_room) device->output_ready(0);
        if (event == ControlPort::event_answer) device->input_ready(control_number);
        if (event == ControlPort::event_room) device->output_ready(control_number);
    }

    std::array<virtio::Queue, virtio::console::queue_count(max_ports)> queues;
    std::array<virtio::console::Port, max_ports> ports;
    Terminal terminal;
    unsigned control_number = 0;
    std::optional<virtio::console::ConsoleDevice> device;
};

Result<> ZoneDevices::create(const bundle::Zone& description, const DeviceWorld& world,
                             const DevicePlace& place) {
    host_ = &place.host;
    for (std::size_t i = 0; i < description.disk_count; ++i) {
        LKVM_TRY(add_disk(description.disks[i], i, world, place));
    }
    for (std::size_t i = 0; i < description.port_count; ++i) {
        LKVM_TRY(add_port(description.ports[i], i, world, place));
    }
    const bool terminal =
        description.console == static_cast<std::uint32_t>(bundle::ConsoleKind::virtio);
    const bool control =
        (description.flags & bundle::zone_flags::control) != 0 && world.control != nullptr;
    if (terminal || control) LKVM_TRY(add_console(terminal, control, world, place));
    const bool rng = (description.flags & bundle::zone_flags::rng) != 0;
    if (rng && world.entropy != nullptr) LKVM_TRY(add_rng(world, place));
    for (std::size_t i = 0; i < description.region_count; ++i) {
        LKVM_TRY(add_shared(description.regions[i], world, place));
    }
    return {};
}

Result<QueueRunner*> ZoneDevices::new_runner(const DeviceWorld& world) {
    if (count_ == units_.size()) return fail(ErrorCode::too_many);
    return world.arena.make<QueueRunner>(world.clock, static_cast<Doorbell&>(*this), count_);
}

Result<> ZoneDevices::attach(const DeviceWorld& world, const DevicePlace& place,
                             QueueRunner& runner, virtio::Device& device, BackendWork* work,
                             std::string_view name) {
    auto* const transport = LKVM_TRY(world.arena.make<virtio::MmioTransport>(
        device,
        virtio::TransportServices{place.memory, place.platform.virtio_interrupt(count_), runner,
                                  place.log},
        name, virtio::RingFormat::packed));
    runner.connect(*transport, work);
    LKVM_TRY(
        place.bus.add(la::virtio_slot(count_).base, la::memory_map::virtio_stride, *transport));
    units_[count_++] = {&runner, transport};
    return {};
}

Result<> ZoneDevices::add_disk(const bundle::Disk& disk, std::size_t number,
                               const DeviceWorld& world, const DevicePlace& place) {
    BlockProperties properties;
    properties.read_only = (disk.flags & bundle::disk_flags::read_only) != 0;
    properties.serial = disk.serial;
    QueueRunner* const runner = LKVM_TRY(new_runner(world));
    BlockBackend* backend = nullptr;
    BackendWork* work = nullptr;
    if (disk.kind == static_cast<std::uint32_t>(bundle::DiskKind::ram)) {
        // The reader of the bundle checked that the image lies in the file.
        const std::span<std::byte> bytes = place.bundle.subspan(disk.image.offset, disk.image.size);
        RamDisk* const ram = LKVM_TRY(world.arena.make<RamDisk>());
        ram->connect(bytes, *runner);
        properties.size = bytes.size();
        backend = ram;
        work = ram;
    } else {
        BoardDisk* const whole = LKVM_TRY(find_board_disk(disk, number, world, place));
        DiskPartition* const part = LKVM_TRY(world.arena.make<DiskPartition>());
        part->connect(*whole, disk.first_sector, disk.sector_count, *runner);
        properties.size = disk.sector_count * bundle::sector_size;
        properties.read_only = properties.read_only || whole->read_only();
        backend = part;
        work = part;
    }
    DiskUnit* const unit = LKVM_TRY(world.arena.make<DiskUnit>());
    auto* const device = LKVM_TRY(world.arena.make<virtio::blk::BlkDevice>(
        place.memory, properties,
        virtio::blk::BlkDevice::Parts{{&unit->queue, 1}, {&unit->requests, 1}, {&backend, 1}}));
    return attach(world, place, *runner, *device, work, disk_names[number]);
}

Result<> ZoneDevices::add_port(const bundle::Port& port, std::size_t number,
                               const DeviceWorld& world, const DevicePlace& place) {
    QueueRunner* const runner = LKVM_TRY(new_runner(world));
    NetUnit* const unit = LKVM_TRY(world.arena.make<NetUnit>());
    NetSwitch* const network =
        LKVM_TRY(world.networks.find(bundle::text_of(port.network), world.arena));
    const std::span<std::byte> ring = LKVM_TRY(world.arena.bytes(FrameRing::min_size, 16));
    unit->port.connect(*network, port.mac, *runner, ring);
    NetProperties properties;
    properties.mac = port.mac;
    properties.mtu = port.mtu;
    properties.to_host = SwitchPort::offloads;
    properties.to_guest = SwitchPort::offloads;
    NetBackend* const backend = &unit->port;
    auto* const device = LKVM_TRY(world.arena.make<virtio::net::NetDevice>(
        place.memory, properties,
        virtio::net::NetDevice::Parts{unit->queues, unit->pairs, {&backend, 1}, unit->port}));
    return attach(world, place, *runner, *device, &unit->port, port_names[number]);
}

Result<> ZoneDevices::add_console(bool terminal, bool control, const DeviceWorld& world,
                                  const DevicePlace& place) {
    using virtio::console::Port;
    QueueRunner* const runner = LKVM_TRY(new_runner(world));
    ConsoleUnit* const unit = LKVM_TRY(world.arena.make<ConsoleUnit>());
    unsigned ports = 0;
    if (terminal) {
        unit->terminal.connect(place.console, *runner);
        unit->ports[ports++].connect(place.memory, unit->terminal, Port::Role::console, {});
        terminal_ = &unit->terminal;
    }
    if (control) {
        ControlPort* const line = LKVM_TRY(world.arena.make<ControlPort>());
        line->connect(*world.control, *runner);
        unit->control_number = ports;
        unit->ports[ports++].connect(place.memory, *line, Port::Role::named, ControlPort::name);
    }
    unit->device.emplace(place.memory,
                         std::span{unit->queues}.first(virtio::console::queue_count(ports)),
                         std::span{unit->ports}.first(ports));
    LKVM_TRY(attach(world, place, *runner, *unit->device, unit, "virtio-console0"));
    for (unsigned i = 0; i < ports; ++i) unit->device->set_host_open(i, true);
    return {};
}

Result<> ZoneDevices::add_rng(const DeviceWorld& world, const DevicePlace& place) {
    QueueRunner* const runner = LKVM_TRY(new_runner(world));
    auto* const device =
        LKVM_TRY(world.arena.make<virtio::rng::RngDevice>(place.memory, *world.entropy));
    return attach(world, place, *runner, *device, nullptr, "virtio-rng0");
}

Result<> ZoneDevices::add_shared(const bundle::Region& region, const DeviceWorld& world,
                                 const DevicePlace& place) {
    const auto slot = static_cast<unsigned>(count_ + shared_count_);
    if (slot >= la::max_virtio_slots) return fail(ErrorCode::too_many);
    SharedRegion* const whole =
        LKVM_TRY(world.regions.find(bundle::text_of(region.name), region.size, world.arena));
    auto* const doorbell = LKVM_TRY(world.arena.make<SharedDoorbell>(
        *whole, static_cast<IrqPulse&>(place.platform.virtio_interrupt(slot))));
    LKVM_TRY(place.bus.add(la::virtio_slot(slot).base, la::memory_map::virtio_stride, *doorbell));
    Shared& shared = shared_[shared_count_++];
    shared.node = {whole->name,
                   {Gpa{region.base}, region.size},
                   la::virtio_slot(slot),
                   (region.flags & bundle::region_flags::read_only) != 0};
    shared.physical = whole->physical;
    shared.doorbell = doorbell;
    return {};
}

void ZoneDevices::ring(unsigned number) {
    const std::uint32_t bit = 1u << number;
    // Release: the runner's pending work is visible to the CPU that takes the bit.
    if ((work_.fetch_or(bit, std::memory_order_acq_rel) & bit) == 0) host_->wake_for_devices();
}

/// One device, each in turn.
bool ZoneDevices::serve_pending() {
    const std::uint32_t bits = work_.load(std::memory_order_relaxed);
    if (bits == 0) return false;
    const unsigned next = next_.load(std::memory_order_relaxed);
    const unsigned number =
        (next + static_cast<unsigned>(std::countr_zero(std::rotr(bits, static_cast<int>(next))))) %
        32;
    next_.store((number + 1) % 32, std::memory_order_relaxed);
    const std::uint32_t bit = 1u << number;
    // Acquire pairs with the release in ring(). Another CPU may have been faster.
    if ((work_.fetch_and(~bit, std::memory_order_acq_rel) & bit) != 0 &&
        units_[number].runner->serve()) {
        work_.fetch_or(bit, std::memory_order_acq_rel);
    }
    return has_work();
}

bool ZoneDevices::reset() {
    bool done = true;
    for (unsigned i = 0; i < count_; ++i) done = units_[i].transport->reset() && done;
    for (const Shared& shared : this->shared()) shared.doorbell->reset();
    return done;
}

}  // namespace lkvm::hv
