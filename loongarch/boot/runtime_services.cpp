// SPDX-License-Identifier: GPL-2.0-or-later
#include "loongarch/boot/runtime_services.hpp"

#include <array>
#include <bit>

#include "loongarch/boot/efi.hpp"
#include "loongarch/isa/encode.hpp"
#include "loongarch/platform/memory_map.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint64_t cached_window = 0x9000000000000000;
constexpr std::int32_t uncached_window_top = -0x800;  // bits 63:52 of 0x8000000000000000

constexpr std::uint8_t zero = 0;
constexpr std::uint8_t ra = 1;
constexpr std::uint8_t a0 = 4;
constexpr std::uint8_t a1 = 5;
constexpr std::uint8_t t0 = 12;
constexpr std::uint8_t t1 = 13;
constexpr std::uint8_t t2 = 14;
constexpr std::uint8_t t3 = 15;

/// Devices by 4 KiB page; registers as offsets from it. Loongson 7A1000 manual §20 for the RTC.
constexpr std::int32_t rtc_page = memory_map::rtc_base.value >> 12;
constexpr std::int32_t rtc_offset = memory_map::rtc_base.value & 0xfff;
constexpr std::int32_t toy_write0 = rtc_offset + 0x24;
constexpr std::int32_t toy_write1 = rtc_offset + 0x28;
constexpr std::int32_t toy_read0 = rtc_offset + 0x2c;
constexpr std::int32_t toy_read1 = rtc_offset + 0x30;
constexpr std::int32_t power_page = memory_map::power_base.value >> 12;
constexpr std::int32_t sleep_register = memory_map::power_base.value & 0xfff;
constexpr std::int32_t reset_register = sleep_register + 2;
constexpr std::int32_t sleep_value = 0x34;
constexpr std::int32_t reset_value = 0x42;

/// EFI_TIME, UEFI 2.10 §8.3.
constexpr std::int32_t time_year = 0;
constexpr std::int32_t time_month = 2;
constexpr std::int32_t time_day = 3;
constexpr std::int32_t time_hour = 4;
constexpr std::int32_t time_minute = 5;
constexpr std::int32_t time_second = 6;
constexpr std::int32_t time_padding = 7;
constexpr std::int32_t time_nanosecond = 8;
constexpr std::int32_t time_zone = 12;  // with daylight and padding behind it
constexpr std::int32_t no_time_zone = 0x7ff;
constexpr std::int32_t epoch_year = 1900;
constexpr std::int32_t tenth_ns = 100'000'000;

constexpr std::int32_t reset_type_shutdown = 2;

constexpr std::uint32_t load(Insn insn, std::uint8_t rd, std::uint8_t base, std::int32_t offset) {
    return encode(insn, {.rd = rd, .rj = base, .imm = offset});
}
constexpr std::uint32_t store(Insn insn, std::uint8_t rd, std::uint8_t base, std::int32_t offset) {
    return encode(insn, {.rd = rd, .rj = base, .imm = offset});
}
constexpr std::uint32_t lu12i_w(std::uint8_t rd, std::int32_t imm) {
    return encode(Insn::lu12i_w, {.rd = rd, .imm = imm});
}
constexpr std::uint32_t uncached(std::uint8_t rd) {
    return encode(Insn::lu52i_d, {.rd = rd, .rj = rd, .imm = uncached_window_top});
}
constexpr std::uint32_t number(std::uint8_t rd, std::int32_t imm) {
    return encode(Insn::ori, {.rd = rd, .rj = zero, .imm = imm});
}
constexpr std::uint32_t addi(std::uint8_t rd, std::uint8_t rj, std::int32_t imm) {
    return encode(Insn::addi_d, {.rd = rd, .rj = rj, .imm = imm});
}
constexpr std::uint32_t shift(std::uint8_t rd, std::int32_t by) {
    return encode(Insn::slli_d, {.rd = rd, .rj = rd, .imm = by});
}
constexpr std::uint32_t merge(std::uint8_t rd, std::uint8_t rk) {
    return encode(Insn::or_, {.rd = rd, .rj = rd, .rk = rk});
}
constexpr std::uint32_t ret = encode(Insn::jirl, {.rd = zero, .rj = ra, .imm = 0});
constexpr std::uint32_t nop = encode(Insn::andi);

/// Field [high:low] of t2 into t3.
constexpr std::uint32_t pick(std::uint8_t high, std::int32_t low) {
    return encode(Insn::bstrpick_d, {.rd = t3, .rj = t2, .ra = high, .imm = low});
}

// Fields of TOY_READ0 and TOY_WRITE0.
constexpr std::int32_t toy_month = 26;
constexpr std::int32_t toy_day = 21;
constexpr std::int32_t toy_hour = 16;
constexpr std::int32_t toy_minute = 10;
constexpr std::int32_t toy_second = 4;

// clang-format off
/// EFI_STATUS GetTime(EFI_TIME* a0, EFI_TIME_CAPABILITIES* a1)
constexpr std::array get_time{
    lu12i_w(t0, rtc_page),
    uncached(t0),
    // The year is in a register of its own: read again if it changed meanwhile.
    load(Insn::ld_wu, t1, t0, toy_read1),
    load(Insn::ld_wu, t2, t0, toy_read0),
    load(Insn::ld_wu, t3, t0, toy_read1),
    encode(Insn::bne, {.rd = t3, .rj = t1, .imm = -3 * 4}),
    addi(t1, t1, epoch_year),
    store(Insn::st_h, t1, a0, time_year),
    pick(31, toy_month),
    store(Insn::st_b, t3, a0, time_month),
    pick(25, toy_day),
    store(Insn::st_b, t3, a0, time_day),
    pick(20, toy_hour),
    store(Insn::st_b, t3, a0, time_hour),
    pick(15, toy_minute),
    store(Insn::st_b, t3, a0, time_minute),
    pick(9, toy_second),
    store(Insn::st_b, t3, a0, time_second),
    store(Insn::st_b, zero, a0, time_padding),
    pick(3, 0),
    lu12i_w(t1, tenth_ns >> 12),
    encode(Insn::ori, {.rd = t1, .rj = t1, .imm = tenth_ns & 0xfff}),
    encode(Insn::mul_d, {.rd = t3, .rj = t3, .rk = t1}),
    store(Insn::st_w, t3, a0, time_nanosecond),
    number(t1, no_time_zone),
    store(Insn::st_w, t1, a0, time_zone),
    encode(Insn::beqz, {.rj = a1, .imm = 4 * 4}),
    store(Insn::st_w, zero, a1, 0),     // resolution and accuracy: not stated
    store(Insn::st_w, zero, a1, 4),
    store(Insn::st_b, zero, a1, 8),
    number(a0, 0),
    ret,
};

/// EFI_STATUS SetTime(EFI_TIME* a0)
constexpr std::array set_time{
    lu12i_w(t0, rtc_page),
    uncached(t0),
    load(Insn::ld_bu, t1, a0, time_month),
    shift(t1, toy_month),
    load(Insn::ld_bu, t2, a0, time_day),
    shift(t2, toy_day),
    merge(t1, t2),
    load(Insn::ld_bu, t2, a0, time_hour),
    shift(t2, toy_hour),
    merge(t1, t2),
    load(Insn::ld_bu, t2, a0, time_minute),
    shift(t2, toy_minute),
    merge(t1, t2),
    load(Insn::ld_bu, t2, a0, time_second),
    shift(t2, toy_second),
    merge(t1, t2),
    load(Insn::ld_hu, t2, a0, time_year),
    addi(t2, t2, -epoch_year),
    store(Insn::st_w, t1, t0, toy_write0),
    store(Insn::st_w, t2, t0, toy_write1),
    number(a0, 0),
    ret,
};

/// void ResetSystem(EFI_RESET_TYPE a0, ...)
constexpr std::array reset_system{
    lu12i_w(t0, power_page),
    uncached(t0),
    number(t1, reset_type_shutdown),
    encode(Insn::bne, {.rd = t1, .rj = a0, .imm = 4 * 4}),
    number(t1, sleep_value),
    store(Insn::st_b, t1, t0, sleep_register),
    encode(Insn::b, {.imm = 3 * 4}),
    number(t1, reset_value),
    store(Insn::st_b, t1, t0, reset_register),
    encode(Insn::idle),
    encode(Insn::b, {.imm = -4}),
};

/// EFI_STATUS of any other service: EFI_UNSUPPORTED
constexpr std::array unsupported{
    number(a0, 3),
    encode(Insn::lu52i_d, {.rd = a0, .rj = a0, .imm = -0x800}),
    ret,
};
// clang-format on

/// All services at their entries.
consteval auto make_code() {
    constexpr std::size_t words = runtime_entry::unsupported / 4 + unsupported.size();
    std::array<std::uint32_t, words> code{};
    code.fill(nop);
    const auto put = [&](std::uint64_t entry, const auto& service) {
        for (std::size_t i = 0; i < service.size(); ++i) code[entry / 4 + i] = service[i];
    };
    put(runtime_entry::get_time, get_time);
    put(runtime_entry::set_time, set_time);
    put(runtime_entry::reset_system, reset_system);
    put(runtime_entry::unsupported, unsupported);
    return code;
}

constexpr auto code = make_code();
static_assert(runtime_entry::get_time + sizeof(get_time) <= runtime_entry::set_time);
static_assert(runtime_entry::set_time + sizeof(set_time) <= runtime_entry::reset_system);
static_assert(runtime_entry::reset_system + sizeof(reset_system) <= runtime_entry::unsupported);
static_assert(std::endian::native == std::endian::little);

/// Distance of the code from the table.
constexpr std::uint64_t code_offset = 0x100;
static_assert(sizeof(efi::RuntimeServices) <= code_offset);

}  // namespace

std::span<const std::byte> runtime_code() {
    return std::as_bytes(std::span{code});
}

Result<std::uint64_t> write_runtime_services(const GuestMemory& memory, Gpa where) {
    const std::uint64_t entry = (cached_window | where.value) + code_offset;
    efi::RuntimeServices table{};
    table.header.signature = efi::runtime_services_signature;
    table.header.revision = efi::revision_2_10;
    table.header.header_size = sizeof(table);
    table.services.fill(entry + runtime_entry::unsupported);
    table.services[efi::service_get_time] = entry + runtime_entry::get_time;
    table.services[efi::service_set_time] = entry + runtime_entry::set_time;
    table.services[efi::service_reset_system] = entry + runtime_entry::reset_system;
    table.header.crc32 = efi::crc32(std::as_bytes(std::span{&table, 1}));
    LKVM_TRY(memory.write(where, table));
    LKVM_TRY(memory.write_bytes(Gpa{where.value + code_offset}, runtime_code()));
    return cached_window | where.value;
}

}  // namespace lkvm::la
