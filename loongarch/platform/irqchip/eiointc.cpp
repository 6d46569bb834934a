// SPDX-License-Identifier: GPL-2.0-or-later
// Extended I/O interrupt controller. Loongson 3A5000 manual §11.2.
#include "loongarch/platform/irqchip/eiointc.hpp"

#include <bit>

#include "loongarch/platform/register_bytes.hpp"

namespace lkvm::la {

namespace {

struct Window {
    std::uint32_t base;
    std::uint32_t size;

    [[nodiscard]] constexpr bool contains(std::uint32_t address) const {
        return address >= base && address - base < size;
    }
};

constexpr Window nodetype{0x14a0, 0x20};
constexpr Window ipmap{0x14c0, 0x8};
constexpr Window enable{0x1600, 0x20};
constexpr Window bounce{0x1680, 0x20};
constexpr Window isr{0x1700, 0x20};
constexpr Window core_isr{0x1800, 0x20};
constexpr Window coremap{0x1c00, 0x100};
constexpr std::uint32_t virtual_features_address = 0x40000000;
constexpr std::uint32_t virtual_config_address = 0x40000004;

constexpr unsigned group_size = 32;  // vectors that share a byte of IPMAP
constexpr unsigned group_count = Eiointc::vector_count / group_size;
constexpr unsigned hwi_count = 8;
constexpr unsigned plain_hwi_mask = 0xf;  // without INT_ENCODE only HWI0..3 can be named

constexpr std::uint64_t bit_of(unsigned vector) {
    return std::uint64_t{1} << (vector % 64);
}

}  // namespace

void Eiointc::reset() {
    virtual_config_ = 0;
    nodetype_ = {};
    ipmap_ = 0;
    enable_ = {};
    bounce_ = {};
    isr_ = {};
    coremap_ = {};
    core_isr_ = {};
    update_all_lines();
}

std::uint64_t Eiointc::read(unsigned cpu, std::uint32_t address, unsigned size) const {
    const auto from = [&](const Bits& bits, Window window) {
        return read_lanes(bits[(address - window.base) / 8], address, size);
    };
    if (nodetype.contains(address)) return from(nodetype_, nodetype);
    if (ipmap.contains(address)) return read_lanes(ipmap_, address, size);
    if (enable.contains(address)) return from(enable_, enable);
    if (bounce.contains(address)) return from(bounce_, bounce);
    if (isr.contains(address)) return from(isr_, isr);
    if (core_isr.contains(address)) return from(core_isr_[cpu], core_isr);
    if (coremap.contains(address)) {
        std::uint64_t value = 0;
        for (unsigned i = 0; i < size; ++i) {
            value |= std::uint64_t{coremap_[address - coremap.base + i]} << (8 * i);
        }
        return value;
    }
    if (virtual_features_ != 0 && address >= virtual_first) {
        const std::uint64_t both = virtual_features_ | std::uint64_t{virtual_config_} << 32;
        return read_lanes(both, address - virtual_features_address, size);
    }
    return 0;
}

void Eiointc::write(unsigned cpu, std::uint32_t address, unsigned size, std::uint64_t value) {
    const auto store = [&](Bits& bits, Window window) {
        std::uint64_t& reg = bits[(address - window.base) / 8];
        reg = write_lanes(reg, address, size, value);
    };
    if (nodetype.contains(address)) {
        store(nodetype_, nodetype);
    } else if (ipmap.contains(address)) {
        ipmap_ = write_lanes(ipmap_, address, size, value);
        update_all_lines();
    } else if (enable.contains(address)) {
        write_enable(address - enable.base, size, value);
    } else if (bounce.contains(address)) {
        store(bounce_, bounce);
    } else if (core_isr.contains(address)) {
        core_isr_[cpu][(address - core_isr.base) / 8] &= ~place_lanes(address, size, value);
        update_lines(cpu);
    } else if (coremap.contains(address)) {
        write_coremap(cpu, address - coremap.base, size, value);
    } else if (address == virtual_config_address && size == 4) {
        write_config(static_cast<std::uint32_t>(value));
    }
}

void Eiointc::set_vector(unsigned vector, bool level) {
    if (level) {
        isr_[vector / 64] |= bit_of(vector);
        raise(vector);
    } else {
        isr_[vector / 64] &= ~bit_of(vector);
        lower(vector);
    }
}

/// A route to a CPU that does not exist reaches nobody: cpu_count_ or above.
unsigned Eiointc::target_cpu(unsigned vector) const {
    const unsigned route = coremap_[vector];
    if ((virtual_config_ & Virtual::cpu_encode) != 0) return route;
    const unsigned cores = route & 0xf;
    const unsigned core = cores == 0 ? 0 : static_cast<unsigned>(std::countr_zero(cores));
    return (route >> 4) * cpus_per_eiointc_node + core;
}

unsigned Eiointc::hwi_of_group(unsigned group) const {
    const auto route = static_cast<unsigned>(read_lanes(ipmap_, group, 1));
    if ((virtual_config_ & Virtual::int_encode) != 0) return route < hwi_count ? route : 0;
    const unsigned pins = route & plain_hwi_mask;
    return pins == 0 ? 0 : static_cast<unsigned>(std::countr_zero(pins));
}

void Eiointc::raise(unsigned vector) {
    if ((enable_[vector / 64] & bit_of(vector)) == 0) return;
    const unsigned cpu = target_cpu(vector);
    if (cpu >= cpu_count_) return;
    core_isr_[cpu][vector / 64] |= bit_of(vector);
    update_lines(cpu);
}

void Eiointc::lower(unsigned vector) {
    const unsigned cpu = target_cpu(vector);
    if (cpu >= cpu_count_) return;
    core_isr_[cpu][vector / 64] &= ~bit_of(vector);
    update_lines(cpu);
}

void Eiointc::write_enable(std::uint32_t offset, unsigned size, std::uint64_t value) {
    const unsigned index = offset / 8;
    const std::uint64_t before = enable_[index];
    const std::uint64_t after = write_lanes(before, offset, size, value);
    enable_[index] = after;
    // Only latched inputs notice a change.
    const std::uint64_t changed = (before ^ after) & isr_[index];
    if (changed != 0) enabled_changed(index, changed);
}

void Eiointc::enabled_changed(unsigned index, std::uint64_t changed) {
    for (; changed != 0; changed &= changed - 1) {
        const auto bit = static_cast<unsigned>(std::countr_zero(changed));
        const unsigned vector = index * 64 + bit;
        if ((enable_[index] & bit_of(vector)) != 0) {
            raise(vector);
        } else {
            lower(vector);
        }
    }
}

void Eiointc::write_coremap(unsigned cpu, std::uint32_t offset, unsigned size,
                            std::uint64_t value) {
    // Devices hang on node 0, whose map alone decides. Linux writes the maps of all nodes, each
    // through a CPU of that node; those of the others must not overwrite this one.
    const bool by_node = (virtual_config_ & Virtual::cpu_encode) == 0;
    if (by_node && cpu >= cpus_per_eiointc_node) return;
    for (unsigned i = 0; i < size; ++i) {
        const unsigned vector = offset + i;
        const auto route = static_cast<std::uint8_t>(value >> (8 * i));
        if (coremap_[vector] == route) continue;
        const bool latched = (isr_[vector / 64] & bit_of(vector)) != 0;
        if (latched) lower(vector);
        coremap_[vector] = route;
        if (latched) raise(vector);
    }
}

void Eiointc::write_config(std::uint32_t value) {
    // Once enabled, only switching everything off is possible.
    if ((virtual_config_ & Virtual::enable) != 0 && value != 0) return;
    virtual_config_ = value & virtual_features_;
    update_all_lines();
}

void Eiointc::update_lines(unsigned cpu) {
    unsigned levels = 0;
    for (unsigned group = 0; group < group_count; ++group) {
        const std::uint64_t pending = core_isr_[cpu][group / 2];
        if (read_lanes(pending, 4 * (group % 2), 4) != 0) levels |= 1U << hwi_of_group(group);
    }
    const unsigned changed = levels ^ lines_[cpu];
    lines_[cpu] = static_cast<std::uint8_t>(levels);
    for (unsigned hwi = 0; hwi < hwi_count; ++hwi) {
        if ((changed >> hwi & 1) != 0) {
            cpus_.set_line(cpu, hwi0_line + hwi, (levels >> hwi & 1) != 0);
        }
    }
}

void Eiointc::update_all_lines() {
    for (unsigned cpu = 0; cpu < cpu_count_; ++cpu) update_lines(cpu);
}

}  // namespace lkvm::la
