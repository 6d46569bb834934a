// SPDX-License-Identifier: GPL-2.0-or-later
// What the devices of all zones share, on this board.
#pragma once

#include <cstdint>
#include <string_view>

#include <lkvm/log.hpp>
#include <lkvm/result.hpp>

#include "baremetal/boot/board.hpp"
#include "baremetal/device/zone_devices.hpp"
#include "baremetal/entropy/random_pool.hpp"

namespace lkvm::hv {

/// Collects what the board has for zones' devices: memory, random numbers. Boot CPU, once, after
/// the board is known. `clock` outlives everything.
void open_device_world(Board& board, std::span<const bundle::Zone> zones, Clock& clock);
[[nodiscard]] const DeviceWorld& device_world();
/// The random numbers of all zones.
[[nodiscard]] RandomPool& random_pool();

/// Says on the board's console what a zone's devices have to say.
class ZoneLog final : public Log {
public:
    ZoneLog(std::size_t number, std::string_view name)
        : number_(number)
        , name_(name) {}
    void line(LogLevel level, std::string_view device, std::string_view what,
              std::uint64_t value) override;

private:
    std::size_t number_;
    std::string_view name_;
};

}  // namespace lkvm::hv
