// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/platform/firmware/acpi_tables.hpp"

#include <string_view>

#include "loongarch/platform/firmware/aml_writer.hpp"
#include "loongarch/platform/memory_map.hpp"
#include "loongarch/platform/power.hpp"

namespace lkvm::la {

namespace {

/// Interrupts of the PCH-PIC are numbered from here on.
constexpr std::uint32_t first_pin = 64;

constexpr std::size_t header_size = 36;
constexpr std::size_t length_offset = 4;
constexpr std::size_t checksum_offset = 9;

/// A table of the usual form, from its header on until finish().
class Table {
public:
    Table(TableWriter& out, std::string_view signature, std::uint8_t revision)
        : out_(out)
        , start_(out.size()) {
        out_.text(signature);
        out_.u32(0);
        out_.u8(revision);
        out_.u8(0);
        out_.text("LKVM  LKVMVIRT");
        out_.u32(1);
        out_.text("LKVM");
        out_.u32(1);
    }
    std::size_t finish() {
        out_.patch(start_ + length_offset, out_.size() - start_, 4);
        out_.patch(start_ + checksum_offset, out_.checksum(start_), 1);
        return start_;
    }

private:
    TableWriter& out_;
    std::size_t start_;
};

/// Three characters of a name that differ from device to device.
class NumberedName {
public:
    NumberedName(char kind, unsigned number)
        : text_{kind, digit(number / 100), digit(number / 10), digit(number)} {}
    operator std::string_view() const { return {text_.data(), text_.size()}; }

private:
    static char digit(unsigned value) { return static_cast<char>('0' + value % 10); }
    std::array<char, 4> text_;
};

constexpr std::uint32_t low32(Gpa where) {
    return static_cast<std::uint32_t>(where.value);
}

std::size_t add_dsdt(TableWriter& out, unsigned cpu_count, std::uint32_t virtio_slots) {
    using namespace memory_map;
    Table table(out, "DSDT", 2);
    AmlWriter aml(out);
    aml.sleep_type("_S5_", power::sleep_type_off);
    const auto system = aml.scope("_SB_");
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) {
        const auto device = aml.device(NumberedName('C', cpu));
        aml.name("_HID", "ACPI0007");
        aml.name("_UID", cpu);
        aml.close(device);
    }
    const auto uart = aml.device("COM0");
    aml.name("_HID", "PNP0501");
    aml.name("_UID", 0);
    aml.resources({low32(uart_base), uart_size, first_pin + pins::uart});
    aml.close(uart);
    const auto rtc = aml.device("RTC0");
    aml.name("_HID", "LOON0001");
    aml.name("_UID", 0);
    aml.resources({low32(rtc_base), rtc_size, first_pin + pins::rtc});
    aml.close(rtc);
    for (unsigned n = 0; n < max_virtio_slots; ++n) {
        if ((virtio_slots >> n & 1) == 0) continue;
        const VirtioSlot slot = virtio_slot(n);
        const auto device = aml.device(NumberedName('V', n));
        aml.name("_HID", "LNRO0005");
        aml.name("_UID", n);
        aml.name("_CCA", 1);
        aml.resources({low32(slot.base), virtio_stride, first_pin + slot.pin, true});
        aml.close(device);
    }
    aml.close(system);
    return table.finish();
}

std::size_t add_madt(TableWriter& out, unsigned cpu_count) {
    constexpr std::uint8_t core_pic = 17;
    constexpr std::uint8_t extended_pic = 20;
    constexpr std::uint8_t bridge_pic = 22;
    Table table(out, "APIC", 6);
    out.u32(0);
    out.u32(0);
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) {
        out.u8(core_pic);
        out.u8(15);
        out.u8(1);
        out.u32(cpu);
        out.u32(cpu);
        out.u32(1);  // enabled
    }
    out.u8(extended_pic);
    out.u8(13);
    out.u8(1);
    out.u8(3);  // the CPU's line that it drives
    out.u8(0);
    out.u64(0xffff);
    out.u8(bridge_pic);
    out.u8(17);
    out.u8(1);
    out.u64(memory_map::pch_pic_base.value);
    out.u16(memory_map::pch_pic_size);
    out.u16(0);
    out.u16(first_pin);
    return table.finish();
}

/// All in one place: without it Linux finds no node for its memory.
std::size_t add_srat(TableWriter& out, unsigned cpu_count, const RamBanks& banks) {
    constexpr std::uint8_t cpu_affinity = 0;
    constexpr std::uint8_t memory_affinity = 1;
    constexpr std::uint32_t enabled = 1;
    Table table(out, "SRAT", 3);
    out.u32(1);
    out.u64(0);
    for (unsigned cpu = 0; cpu < cpu_count; ++cpu) {
        out.u8(cpu_affinity);
        out.u8(16);
        out.u8(0);
        out.u8(cpu);
        out.u32(enabled);
        out.u64(0);
    }
    for (const RamBank& bank : banks.all()) {
        out.u8(memory_affinity);
        out.u8(40);
        out.u32(0);
        out.u16(0);
        out.u64(bank.base.value);
        out.u64(bank.size);
        out.u32(0);
        out.u32(enabled);
        out.u64(0);
    }
    return table.finish();
}

/// There is no PCI, but Linux learns only here that the PCH-PIC belongs to node 0.
std::size_t add_mcfg(TableWriter& out) {
    constexpr std::uint64_t nothing_is_there = 0x20000000;
    Table table(out, "MCFG", 1);
    out.u64(0);
    out.u64(nothing_is_there);
    out.u64(0);
    return table.finish();
}

void byte_register(TableWriter& out, Gpa where) {
    out.u8(0);  // in memory
    out.u8(8);
    out.u8(0);
    out.u8(1);
    out.u64(where.value);
}

constexpr std::size_t fadt_dsdt = 140;

std::size_t add_fadt(TableWriter& out, std::size_t dsdt) {
    constexpr std::uint32_t no_legacy_hardware = 1u << 20;
    constexpr std::uint32_t has_reset_register = 1u << 10;
    using namespace memory_map;
    Table table(out, "FACP", 6);
    const std::size_t start = out.size() - header_size;
    const auto to = [&](std::size_t offset) { out.zeros(offset - (out.size() - start)); };
    to(112);
    out.u32(no_legacy_hardware | has_reset_register);
    byte_register(out, Gpa{power_base.value + power::reset_offset});
    out.u8(power::reset_value);
    to(131);
    out.u8(5);  // minor version
    to(fadt_dsdt);
    out.u64(dsdt);
    to(244);
    byte_register(out, Gpa{power_base.value + power::sleep_offset});
    byte_register(out, Gpa{power_base.value + power::sleep_status_offset});
    to(276);
    return table.finish();
}

/// Commands for firmware, 128 bytes each.
class Script {
public:
    explicit Script(TableWriter& out)
        : out_(out) {}

    void allocate(std::string_view file, std::uint32_t alignment, bool low) {
        begin(1);
        name(file);
        out_.u32(alignment);
        out_.u8(low ? 2 : 1);
        end();
    }
    /// The 8 bytes at `offset` of `file` become an address in `target` instead of an offset.
    void point(std::string_view file, std::size_t offset, std::string_view target) {
        begin(2);
        name(file);
        name(target);
        out_.u32(offset);
        out_.u8(8);
        end();
    }
    void checksum(std::string_view file, std::size_t result, std::size_t start, std::size_t size) {
        begin(3);
        name(file);
        out_.u32(result);
        out_.u32(start);
        out_.u32(size);
        end();
    }

private:
    static constexpr std::size_t command_size = 128;
    static constexpr std::size_t name_size = 56;

    void begin(std::uint32_t command) {
        start_ = out_.size();
        out_.u32(command);
    }
    void name(std::string_view text) {
        out_.text(text);
        out_.zeros(name_size - text.size());
    }
    void end() { out_.zeros(command_size - (out_.size() - start_)); }

    TableWriter& out_;
    std::size_t start_ = 0;
};

}  // namespace

Result<> AcpiTables::build(unsigned cpu_count, std::uint32_t virtio_slots, const RamBanks& banks) {
    TableWriter tables(tables_);
    const std::size_t dsdt = add_dsdt(tables, cpu_count, virtio_slots);
    const std::size_t madt = add_madt(tables, cpu_count);
    const std::size_t srat = add_srat(tables, cpu_count, banks);
    const std::size_t mcfg = add_mcfg(tables);
    const std::size_t fadt = add_fadt(tables, dsdt);
    Table list(tables, "XSDT", 1);
    tables.u64(fadt);
    tables.u64(madt);
    tables.u64(srat);
    tables.u64(mcfg);
    const std::size_t xsdt = list.finish();

    TableWriter root(root_);
    root.text("RSD PTR ");
    root.u8(0);
    root.text("LKVM  ");
    root.u8(2);  // with the XSDT
    root.u32(0);
    root.u32(root_.size());
    root.u64(xsdt);
    root.u32(0);

    TableWriter script(script_);
    Script commands(script);
    constexpr std::size_t first_sum = 8;
    constexpr std::size_t first_sum_size = 20;
    constexpr std::size_t xsdt_pointer = 24;
    constexpr std::size_t second_sum = 32;
    commands.allocate(tables_file, 64, false);
    commands.allocate(root_file, 16, true);
    commands.point(tables_file, fadt + fadt_dsdt, tables_file);
    // Sums were right before the pointers changed: firmware makes them anew over a 0.
    tables.patch(fadt + checksum_offset, 0, 1);
    commands.checksum(tables_file, fadt + checksum_offset, fadt, xsdt - fadt);
    for (std::size_t at = xsdt + header_size; at < tables.size(); at += sizeof(std::uint64_t)) {
        commands.point(tables_file, at, tables_file);
    }
    tables.patch(xsdt + checksum_offset, 0, 1);
    commands.checksum(tables_file, xsdt + checksum_offset, xsdt, tables.size() - xsdt);
    commands.point(root_file, xsdt_pointer, tables_file);
    commands.checksum(root_file, first_sum, 0, first_sum_size);
    commands.checksum(root_file, second_sum, 0, root_.size());

    if (tables.overflowed() || script.overflowed()) return fail(ErrorCode::no_space);
    tables_size_ = tables.size();
    script_size_ = script.size();
    return {};
}

}  // namespace lkvm::la
