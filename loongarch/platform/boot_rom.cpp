// SPDX-License-Identifier: GPL-2.0-or-later
// Start-up code of secondary CPUs, assembled at compile time.
#include "loongarch/platform/boot_rom.hpp"

#include <array>
#include <bit>
#include <cstdint>

#include "loongarch/csr/csr.hpp"
#include "loongarch/isa/encode.hpp"

namespace lkvm::la {

namespace {

constexpr std::uint8_t zero = 0;
constexpr std::uint8_t t0 = 12;
constexpr std::uint8_t t1 = 13;
constexpr std::uint8_t t2 = 14;
constexpr std::uint8_t t3 = 15;

constexpr std::int32_t csr_crmd = csr::crmd::number;
constexpr std::int32_t csr_ecfg = csr::ecfg::number;
constexpr std::int32_t csr_era = csr::ERA;
constexpr std::int32_t csr_eentry = csr::EENTRY;

constexpr std::int32_t crmd_ie = csr::crmd::IE::mask;
constexpr std::int32_t ecfg_ipi_page = 1;  // bit 12, the IPI's line, as an immediate of lu12i.w

// IOCSR addresses of the IPI block: page and offsets in it.
constexpr std::int32_t ipi_page = 1;
constexpr std::int32_t ipi_status = 0x0;
constexpr std::int32_t ipi_enable = 0x4;
constexpr std::int32_t ipi_clear = 0xc;
constexpr std::int32_t ipi_mailbox = 0x20;

/// Word numbers of the places that are jumped to.
constexpr std::int32_t start = 8;
constexpr std::int32_t loop = 18;
constexpr std::int32_t go = 24;

constexpr std::uint32_t lu12i_w(std::uint8_t rd, std::int32_t imm) {
    return encode(Insn::lu12i_w, {.rd = rd, .imm = imm});
}
constexpr std::uint32_t ori(std::uint8_t rd, std::uint8_t rj, std::int32_t imm) {
    return encode(Insn::ori, {.rd = rd, .rj = rj, .imm = imm});
}
constexpr std::uint32_t addi_w(std::uint8_t rd, std::uint8_t rj, std::int32_t imm) {
    return encode(Insn::addi_w, {.rd = rd, .rj = rj, .imm = imm});
}
/// Address of word `to` for an instruction at word `here`.
constexpr std::uint32_t pcaddi(std::uint8_t rd, std::int32_t here, std::int32_t to) {
    return encode(Insn::pcaddi, {.rd = rd, .imm = to - here});
}
constexpr std::uint32_t csrwr(std::uint8_t rd, std::int32_t csr) {
    return encode(Insn::csrwr, {.rd = rd, .imm = csr});
}
constexpr std::uint32_t csrxchg(std::uint8_t rd, std::uint8_t mask, std::int32_t csr) {
    return encode(Insn::csrxchg, {.rd = rd, .rj = mask, .imm = csr});
}
constexpr std::uint32_t iocsrrd_w(std::uint8_t rd, std::uint8_t rj) {
    return encode(Insn::iocsrrd_w, {.rd = rd, .rj = rj});
}
constexpr std::uint32_t iocsrrd_d(std::uint8_t rd, std::uint8_t rj) {
    return encode(Insn::iocsrrd_d, {.rd = rd, .rj = rj});
}
constexpr std::uint32_t iocsrwr_w(std::uint8_t rd, std::uint8_t rj) {
    return encode(Insn::iocsrwr_w, {.rd = rd, .rj = rj});
}
constexpr std::uint32_t bnez(std::uint8_t rj, std::int32_t here, std::int32_t to) {
    return encode(Insn::bnez, {.rj = rj, .imm = 4 * (to - here)});
}
constexpr std::uint32_t b(std::int32_t here, std::int32_t to) {
    return encode(Insn::b, {.imm = 4 * (to - here)});
}
constexpr std::uint32_t nop = encode(Insn::andi);

/// An IPI that arrives after the look at the mailbox and before `idle` must not be slept over: so
/// it is taken as an interrupt, whose handler goes back to the look instead of to `idle`.
// clang-format off
constexpr std::array<std::uint32_t, 29> code = {
    // Interrupt entry, 4 KiB aligned: acknowledge the IPI, return to the loop.
    lu12i_w(t1, ipi_page),
    iocsrrd_w(t0, t1),              // ipi_status
    ori(t2, t1, ipi_clear),
    iocsrwr_w(t0, t2),
    pcaddi(t0, 4, loop),
    csrwr(t0, csr_era),
    encode(Insn::ertn),
    nop,
    // start: let only the IPI in.
    pcaddi(t0, start, 0),
    csrwr(t0, csr_eentry),
    lu12i_w(t0, ecfg_ipi_page),
    csrwr(t0, csr_ecfg),            // one common entry (VS 0)
    lu12i_w(t1, ipi_page),
    addi_w(t0, zero, -1),
    ori(t2, t1, ipi_enable),
    iocsrwr_w(t0, t2),
    ori(t0, zero, crmd_ie),
    csrxchg(t0, t0, csr_crmd),
    // loop: the low half of the mailbox is written last.
    lu12i_w(t1, ipi_page),
    ori(t2, t1, ipi_mailbox),
    iocsrrd_w(t0, t2),
    bnez(t0, 21, go),
    encode(Insn::idle),
    b(23, loop),
    // go: interrupts off again, then to where the mailbox says.
    iocsrrd_d(t0, t2),
    ori(t3, zero, crmd_ie),
    csrxchg(zero, t3, csr_crmd),
    csrwr(zero, csr_ecfg),
    encode(Insn::jirl, {.rd = zero, .rj = t0, .imm = 0}),
};
// clang-format on

static_assert(ipi_status == 0);
static_assert(boot_rom_entry.value - memory_map::boot_rom_base.value == 4 * start);
static_assert(memory_map::boot_rom_base.value % 0x1000 == 0);
static_assert(sizeof code <= memory_map::boot_rom_size);
static_assert(std::endian::native == std::endian::little);

}  // namespace

std::span<const std::byte> boot_rom() {
    return std::as_bytes(std::span{code});
}

}  // namespace lkvm::la
