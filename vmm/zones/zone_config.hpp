// SPDX-License-Identifier: GPL-2.0-or-later
// One zone as `lkvm pack` is told to make it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <lkvm/net_backend.hpp>

#include "vmm/machine/machine_config.hpp"

namespace lkvm::vmm {

/// A file that becomes a RAM disk, or a range of a disk of the board.
struct ZoneDisk {
    std::string argument;  ///< as typed, for messages
    std::string path;      ///< empty: of the board
    unsigned board_disk = 0;
    std::uint64_t first_sector = 0;
    std::uint64_t sector_count = 0;
    bool read_only = false;
    std::string serial;
};

struct ZonePort {
    std::string network;
    std::optional<MacAddress> mac;
    std::uint16_t mtu = 0;
};

struct ZoneRegion {
    std::string name;
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    bool read_only = false;
};

struct ZonePassed {
    std::uint64_t base = 0;
    std::uint64_t size = 0;
    std::uint64_t guest_base = 0;
    std::optional<unsigned> interrupt;
    std::optional<unsigned> guest_pin;
    bool dma = false;
    std::string compatible;
};

struct ZoneConfig {
    /// Name, images, memory, CPUs, command line, load address; of the devices only console and rng.
    MachineConfig machine;
    std::vector<ZoneDisk> disks;
    std::vector<ZonePort> ports;
    std::vector<ZoneRegion> regions;
    std::vector<ZonePassed> passed;
    std::vector<unsigned> cpus;  ///< physical ones; empty: any
    bool control = false;
    bool manual_start = false;
};

}  // namespace lkvm::vmm
