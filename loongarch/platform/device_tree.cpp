// SPDX-License-Identifier: GPL-2.0-or-later
// The device tree that describes the platform to a guest.
#include "loongarch/platform/device_tree.hpp"

#include "loongarch/platform/fdt_writer.hpp"
#include "loongarch/platform/firmware/fw_cfg.hpp"
#include "loongarch/platform/firmware/nor_flash.hpp"
#include "loongarch/platform/irqchip/interrupt_chips.hpp"
#include "loongarch/platform/legacy_io.hpp"
#include "loongarch/platform/power.hpp"
#include "loongarch/platform/rtc_ls7a.hpp"
#include "loongarch/platform/uart16550.hpp"

namespace lkvm::la {

namespace {

// The path must name the node that Uart16550::add_node writes.
constexpr std::string_view uart_path = "/serial@1fe001e0";
constexpr std::string_view uart_stdout = "/serial@1fe001e0:115200n8";
static_assert(memory_map::uart_base.value == 0x1fe001e0);

constexpr std::size_t max_bootargs = 4095;

void add_chosen(FdtWriter& fdt, const DeviceTreeConfig& config) {
    fdt.begin_node("chosen");
    fdt.string("stdout-path", uart_stdout);
    if (!config.bootargs.empty()) fdt.string("bootargs", config.bootargs);
    if (config.rng_seed) fdt.bytes("rng-seed", *config.rng_seed);
    if (config.initrd) {
        fdt.address("linux,initrd-start", config.initrd->base.value);
        fdt.address("linux,initrd-end", config.initrd->base.value + config.initrd->size);
    }
    fdt.end_node();
}

void add_memory(FdtWriter& fdt, const RamBanks& banks) {
    for (const RamBank& bank : banks.all()) {
        fdt.begin_node("memory", bank.base);
        fdt.string("device_type", "memory");
        fdt.reg(bank.base, bank.size);
        fdt.end_node();
    }
}

void add_cpus(FdtWriter& fdt, unsigned cpu_count) {
    fdt.begin_node("cpus");
    fdt.cells("#address-cells", {1});
    fdt.cells("#size-cells", {0});
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) {
        fdt.begin_node("cpu", Gpa{cpu});
        fdt.string("device_type", "cpu");
        fdt.string("compatible", "loongson,la464");
        fdt.cells("reg", {cpu});
        fdt.end_node();
    }
    fdt.end_node();
}

void add_virtio(FdtWriter& fdt, std::uint32_t slots) {
    for (unsigned n = 0; n < max_virtio_slots; ++n) {
        if ((slots >> n & 1) == 0) continue;
        const VirtioSlot slot = virtio_slot(n);
        fdt.begin_node("virtio", slot.base);
        fdt.string("compatible", "virtio,mmio");
        fdt.reg(slot.base, memory_map::virtio_stride);
        fdt.interrupt(slot.pin, Trigger::edge_rising);
        fdt.end_node();
    }
}

std::uint32_t high(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}
std::uint32_t low(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

void add_shared(FdtWriter& fdt, const SharedMemoryNode& shared) {
    const std::uint64_t base = shared.memory.base.value;
    const std::uint64_t bell = shared.doorbell.base.value;
    fdt.begin_node("shared-memory", shared.memory.base);
    fdt.string("compatible", "lkvm,shared-memory");
    fdt.string("label", shared.name);
    fdt.cells("reg", {high(base), low(base), high(shared.memory.size), low(shared.memory.size),
                      high(bell), low(bell), 0, memory_map::virtio_stride});
    if (shared.read_only) fdt.flag("read-only");
    fdt.interrupt(shared.doorbell.pin, Trigger::edge_rising);
    fdt.end_node();
}

void add_other(FdtWriter& fdt, const OtherDeviceNode& other) {
    fdt.begin_node("device", other.registers.base);
    fdt.string("compatible", other.compatible);
    fdt.reg(other.registers.base, other.registers.size);
    if (other.pin) fdt.interrupt(*other.pin, Trigger::level_high);
    fdt.end_node();
}

}  // namespace

Result<std::span<const std::byte>> build_device_tree(const DeviceTreeConfig& config,
                                                     std::span<std::byte> buffer) {
    if (config.bootargs.size() > max_bootargs || config.cpu_count == 0 ||
        config.cpu_count > max_cpus || config.virtio_slots >> max_virtio_slots != 0) {
        return fail(ErrorCode::invalid_argument);
    }
    FdtWriter fdt(buffer, config.between_nodes);
    for (const GpaRange& range : config.reserved) fdt.reserve(range.base, range.size);
    fdt.begin_node("");
    fdt.string("compatible", "linux,dummy-loongson3");
    fdt.string("model", "lkvm");
    fdt.cells("#address-cells", {2});
    fdt.cells("#size-cells", {2});

    fdt.begin_node("aliases");
    fdt.string("serial0", uart_path);
    fdt.end_node();
    add_chosen(fdt, config);
    add_memory(fdt, config.banks);
    add_cpus(fdt, config.cpu_count);
    InterruptChips::add_nodes(fdt);
    LegacyIo::add_node(fdt);
    Uart16550::add_node(fdt);
    RtcLs7a::add_node(fdt);
    PowerDevice::add_node(fdt);
    if (config.firmware) {
        NorFlash::add_node(fdt);
        FwCfg::add_node(fdt);
    }
    add_virtio(fdt, config.virtio_slots);
    for (const SharedMemoryNode& shared : config.shared) add_shared(fdt, shared);
    for (const OtherDeviceNode& other : config.others) add_other(fdt, other);

    fdt.end_node();
    return fdt.finish();
}

}  // namespace lkvm::la
