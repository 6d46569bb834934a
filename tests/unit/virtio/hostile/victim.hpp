// SPDX-License-Identifier: GPL-2.0-or-later
// A block device under attack: everything that a driver writes, byte by byte as the attacker wants.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/virtio/driver.hpp"
#include "tests/support/virtio/ram_disk.hpp"
#include "virtio/blk/device.hpp"
#include "virtio/mmio_registers.hpp"
#include "virtio/status.hpp"

namespace lkvm::test {

/// A descriptor exactly as given; NEXT chains to the following one.
struct Raw {
    std::uint64_t address = 0;
    std::uint32_t length = 0;
    std::uint16_t flags = 0;
};

inline constexpr std::uint16_t raw_next = 1;
inline constexpr std::uint16_t raw_write = 2;
inline constexpr std::uint16_t raw_indirect = 4;

class Victim {
public:
    static constexpr std::uint16_t ring_size = 16;
    static constexpr std::size_t disk_size = 1 << 20;

    explicit Victim(virtio::RingFormat format);
    ~Victim();

    /// Reset, negotiation, one ring, DRIVER_OK.
    void start(std::uint64_t features = virtio::F_INDIRECT_DESC);
    [[nodiscard]] bool packed() const { return driver.format == virtio::RingFormat::packed; }
    [[nodiscard]] DriverRing& ring() { return driver.ring(0); }

    /// Writes descriptors into the ring from `first` on, chained, and makes them available.
    void offer(const std::vector<Raw>& chain, std::uint16_t first = 0);
    /// Writes one into a table or the ring; `next` only means something in a split ring.
    void put(Gpa where, const Raw& raw, std::uint16_t next = 0);
    /// Split ring: the available index, and the entry before it.
    void publish(std::uint16_t head, std::uint16_t index = 1);
    void kick();

    /// Parts of a good read request of one sector.
    [[nodiscard]] Raw header() const { return {header_.value, 16, raw_next}; }
    [[nodiscard]] Raw data() const { return {data_.value, 512, raw_next | raw_write}; }
    [[nodiscard]] Raw status() const { return {status_.value, 1, raw_write}; }
    void set_header(std::uint32_t type, std::uint64_t sector);
    [[nodiscard]] std::uint8_t status_byte() const { return ram.get<std::uint8_t>(status_); }

    [[nodiscard]] bool used_something();

    TestRam ram;
    RamDisk disk{disk_size};
    std::array<virtio::Queue, 1> queues;
    std::unique_ptr<virtio::blk::RequestQueue[]> request_queues;
    virtio::blk::BlkDevice device;
    DriverHarness driver;

private:
    Gpa header_;
    Gpa data_;
    Gpa status_;
};

/// What an attack must lead to. In every case the program goes on and, after a reset, the device
/// serves a good request.
enum class Outcome {
    needs_reset,  ///< DEVICE_NEEDS_RESET and a configuration interrupt, nothing used
    ignored,      ///< nothing happens, the device works on
    served,       ///< status 0
    io_error,     ///< status 1
    unsupported,  ///< status 2
};

struct Attack {
    std::string name;
    Outcome outcome = Outcome::needs_reset;
    /// Starts the victim itself if it wants one that runs.
    std::function<void(Victim&)> run;
};

/// Attacks that look the same in both ring formats.
[[nodiscard]] std::vector<Attack> chain_attacks();
[[nodiscard]] std::vector<Attack> split_ring_attacks();
[[nodiscard]] std::vector<Attack> packed_ring_attacks();
[[nodiscard]] std::vector<Attack> register_attacks();
[[nodiscard]] std::vector<Attack> request_attacks();

}  // namespace lkvm::test
