// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that several zones have, and the doorbells between them. docs/zone-devices.md describes
// both to guests.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include <lkvm/bundle.hpp>
#include <lkvm/irq.hpp>
#include <lkvm/mmio_device.hpp>

namespace lkvm::hv {

class SharedDoorbell;

/// One region and the doorbells of the zones that have it, in the order of the bundle. Filled by
/// the boot CPU.
struct SharedRegion {
    std::string_view name;
    std::uint64_t physical = 0;
    std::uint64_t size = 0;
    std::array<SharedDoorbell*, bundle::max_zones> peers{};
    unsigned peer_count = 0;
};

/// A zone's registers for one region. Any CPU. A peer is interrupted when the first bit of a
/// ringer gets set, so that nobody can flood another with interrupts that it has not answered.
class SharedDoorbell final : public MmioDevice {
public:
    // Offsets of words.
    static constexpr std::uint64_t Magic = 0x00;
    static constexpr std::uint64_t Version = 0x04;
    static constexpr std::uint64_t Self = 0x08;   ///< number of this peer
    static constexpr std::uint64_t Peers = 0x0c;  ///< bit n: there is a peer n
    static constexpr std::uint64_t Ring = 0x10;   ///< write: bit n rings peer n
    static constexpr std::uint64_t Rung = 0x14;   ///< bit n: peer n rang; write 1 to clear

    static constexpr std::uint32_t magic = 0x4d534b4c;  // "LKSM"
    static constexpr std::uint32_t version = 1;

    /// Joins `region`, which has room and outlives this.
    SharedDoorbell(SharedRegion& region, IrqPulse& interrupt);
    SharedDoorbell(const SharedDoorbell&) = delete;
    SharedDoorbell& operator=(const SharedDoorbell&) = delete;

    std::uint64_t read(std::uint64_t offset, unsigned size) override;
    void write(std::uint64_t offset, unsigned size, std::uint64_t value) override;

    /// Power-on state.
    void reset() { rung_.store(0, std::memory_order_relaxed); }
    [[nodiscard]] unsigned self() const { return self_; }

private:
    void ring_from(unsigned peer);

    SharedRegion& region_;
    IrqPulse& interrupt_;
    const unsigned self_;
    std::atomic<std::uint32_t> rung_{0};
};

}  // namespace lkvm::hv
