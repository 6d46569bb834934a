// SPDX-License-Identifier: GPL-2.0-or-later
// Moves between FP, general, condition-flag and FCSR registers. LA Vol.1 §3.2.4.
#pragma once

#include <cstdint>

#include "loongarch/soft/fp_scalar.hpp"

namespace lkvm::la::sem {

inline void fmov_s(Cpu& cpu, const Op& op) {
    fp::write_fr(cpu, op.rd, fp::read_fr<std::uint32_t>(cpu, op.rj));
}
inline void fmov_d(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = cpu.vr[op.rj].d[0];
}

inline void fsel(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = cpu.vr[cpu.fcc[op.ra] != 0 ? op.rk : op.rj].d[0];
}

/// The upper half of fd stays.
inline void movgr2fr_w(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].set_lane<std::uint32_t>(0, static_cast<std::uint32_t>(cpu.gpr[op.rj]));
}
inline void movgr2fr_d(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = cpu.gpr[op.rj];
}
inline void movgr2frh_w(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].set_lane<std::uint32_t>(1, static_cast<std::uint32_t>(cpu.gpr[op.rj]));
}

inline void movfr2gr_s(Cpu& cpu, const Op& op) {
    const std::int64_t value = cpu.vr[op.rj].lane<std::int32_t>(0);
    cpu.gpr[op.rd] = static_cast<std::uint64_t>(value);
}
inline void movfr2gr_d(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = cpu.vr[op.rj].d[0];
}
inline void movfrh2gr_s(Cpu& cpu, const Op& op) {
    const std::int64_t value = cpu.vr[op.rj].lane<std::int32_t>(1);
    cpu.gpr[op.rd] = static_cast<std::uint64_t>(value);
}

/// imm: which view of FCSR is written. Raises nothing even if Cause meets Enables.
inline void movgr2fcsr(Cpu& cpu, const Op& op) {
    const std::uint32_t mask = fp::fcsr::view_mask[op.imm & 3];
    const auto value = static_cast<std::uint32_t>(cpu.gpr[op.rj]);
    fp::write_fcsr(cpu, (fp::read_fcsr(cpu) & ~mask) | (value & mask));
}
inline void movfcsr2gr(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = fp::read_fcsr(cpu) & fp::fcsr::view_mask[op.imm & 3];
}

inline void movfr2cf(Cpu& cpu, const Op& op) {
    cpu.fcc[op.rd] = static_cast<std::uint8_t>(cpu.vr[op.rj].d[0] & 1);
}
inline void movcf2fr(Cpu& cpu, const Op& op) {
    cpu.vr[op.rd].d[0] = cpu.fcc[op.rj];
}
inline void movgr2cf(Cpu& cpu, const Op& op) {
    cpu.fcc[op.rd] = static_cast<std::uint8_t>(cpu.gpr[op.rj] & 1);
}
inline void movcf2gr(Cpu& cpu, const Op& op) {
    cpu.gpr[op.rd] = cpu.fcc[op.rj];
}

}  // namespace lkvm::la::sem
