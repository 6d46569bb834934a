// SPDX-License-Identifier: GPL-2.0-or-later
// The virtio devices and shared memory of a zone: made from the bundle's description, served by the
// zone's CPUs.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include <lkvm/bundle.hpp>
#include <lkvm/clock.hpp>
#include <lkvm/entropy_source.hpp>
#include <lkvm/guest_memory.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/log.hpp>
#include <lkvm/mmio_bus.hpp>
#include <lkvm/result.hpp>
#include <lkvm/serial_backend.hpp>

#include "baremetal/device/arena.hpp"
#include "baremetal/device/control_port.hpp"
#include "baremetal/device/queue_runner.hpp"
#include "baremetal/device/shared_regions.hpp"
#include "baremetal/device/terminal.hpp"
#include "baremetal/driver/board_disk.hpp"
#include "baremetal/net/networks.hpp"
#include "loongarch/platform/device_tree.hpp"
#include "loongarch/platform/platform.hpp"
#include "virtio/console/device.hpp"
#include "virtio/transport_mmio.hpp"

namespace lkvm::hv {

/// The zone's side of its devices.
class DeviceHost {
public:
    /// Has a CPU of the zone call ZoneDevices::serve() soon. Any CPU.
    virtual void wake_for_devices() = 0;
    /// Looks at interrupts of the physical CPU.
    virtual void look_at_interrupts() = 0;

protected:
    ~DeviceHost() = default;  // never deleted through the interface
};

/// What the devices of all zones share; outlives them.
struct DeviceWorld {
    Arena& arena;
    Clock& clock;
    Networks& networks;
    SharedRegions& regions;
    std::span<BoardDisk* const> board_disks;
    EntropySource* entropy = nullptr;   ///< null: zones get no random numbers
    ControlService* control = nullptr;  ///< null: no zone manages others
};

/// What belongs to one zone; outlives its devices.
struct DevicePlace {
    DeviceHost& host;
    const GuestMemory& memory;
    MmioBus& bus;
    la::Platform& platform;
    SerialBackend& console;
    Log& log;
    std::span<std::byte> bundle;  ///< whole file, for disks in it
};

/// Slots are given as `lkvm run` gives them: disks, networks, console, rng. Doorbells of shared
/// memory have those behind.
class ZoneDevices final : private Doorbell {
public:
    ZoneDevices() = default;
    ZoneDevices(const ZoneDevices&) = delete;
    ZoneDevices& operator=(const ZoneDevices&) = delete;

    /// Makes all devices and puts them on the bus. Boot CPU, once. Errors: those of Arena and
    /// MmioBus; `too_many` (more devices than slots), `out_of_range` (a part of a board's
    /// disk that is not there; the log says which).
    [[nodiscard]] Result<> create(const bundle::Zone& description, const DeviceWorld& world,
                                  const DevicePlace& place);

    /// Bit n: there is a device in slot n.
    [[nodiscard]] std::uint32_t slots() const { return (1u << count_) - 1; }

    /// Does a part of what is pending. Every CPU of the zone, before it enters its guest and before
    /// it idles. True: something is left, come again soon.
    [[nodiscard]] bool serve() { return has_work() && serve_pending(); }
    [[nodiscard]] bool has_work() const { return work_.load(std::memory_order_relaxed) != 0; }

    /// Power-on state; the zone's CPUs stand still. False: requests are in flight, call again.
    [[nodiscard]] bool reset();

    /// Shared memory: where the zone has it, and where the board has it.
    struct Shared {
        la::SharedMemoryNode node;
        std::uint64_t physical = 0;
        SharedDoorbell* doorbell = nullptr;
    };
    [[nodiscard]] std::span<const Shared> shared() const { return {shared_.data(), shared_count_}; }

    /// Where typed input goes once the zone's driver has opened it, or null.
    [[nodiscard]] Terminal* terminal() { return terminal_; }

private:
    struct Unit {
        QueueRunner* runner = nullptr;
        virtio::MmioTransport* transport = nullptr;
    };
    class ConsoleUnit;

    [[nodiscard]] bool serve_pending();
    void ring(unsigned number) override;
    void pause() override { host_->look_at_interrupts(); }
    [[nodiscard]] Result<QueueRunner*> new_runner(const DeviceWorld& world);
    [[nodiscard]] Result<> attach(const DeviceWorld& world, const DevicePlace& place,
                                  QueueRunner& runner, virtio::Device& device, BackendWork* work,
                                  std::string_view name);
    [[nodiscard]] Result<> add_disk(const bundle::Disk& disk, std::size_t number,
                                    const DeviceWorld& world, const DevicePlace& place);
    [[nodiscard]] Result<> add_port(const bundle::Port& port, std::size_t number,
                                    const DeviceWorld& world, const DevicePlace& place);
    [[nodiscard]] Result<> add_console(bool terminal, bool control, const DeviceWorld& world,
                                       const DevicePlace& place);
    [[nodiscard]] Result<> add_shared(const bundle::Region& region, const DeviceWorld& world,
                                      const DevicePlace& place);
    [[nodiscard]] Result<> add_rng(const DeviceWorld& world, const DevicePlace& place);

    DeviceHost* host_ = nullptr;
    std::array<Unit, la::max_virtio_slots> units_{};
    unsigned count_ = 0;
    std::atomic<std::uint32_t> work_{0};  // bit n: unit n has something to do
    std::atomic<unsigned> next_{0};       // unit that is looked at first
    std::array<Shared, bundle::max_regions> shared_{};
    std::size_t shared_count_ = 0;
    Terminal* terminal_ = nullptr;
};

}  // namespace lkvm::hv
