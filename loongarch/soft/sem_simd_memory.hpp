// SPDX-License-Identifier: GPL-2.0-or-later
// LSX and LASX: loads and stores. LA Vol.2.
#pragma once

#include "loongarch/soft/sem_simd_move.hpp"
#include "loongarch/soft/simd_lanes.hpp"

namespace lkvm::la::sem {

namespace simd {

[[nodiscard]] inline std::uint64_t address_imm(const Cpu& cpu, const Op& op) {
    return cpu.gpr[op.rj] + static_cast<std::uint64_t>(std::int64_t{op.imm});
}
[[nodiscard]] inline std::uint64_t address_indexed(const Cpu& cpu, const Op& op) {
    return cpu.gpr[op.rj] + cpu.gpr[op.rk];
}

/// Through a copy: a load that faults half-way must leave the register alone.
template<unsigned size>
[[nodiscard]] bool load_register(Cpu& cpu, unsigned number, std::uint64_t address) {
    std::array<std::byte, size> bytes;
    if (!cpu.load_vector(address, bytes.data(), size)) return false;
    std::memcpy(cpu.vr[number].bytes(), bytes.data(), size);
    return true;
}

template<unsigned size>
[[nodiscard]] bool store_register(Cpu& cpu, unsigned number, std::uint64_t address) {
    return cpu.store_vector(address, cpu.vr[number].bytes(), size);
}

template<class T>
[[nodiscard]] bool is_aligned(std::uint64_t address) {
    return (address & (sizeof(T) - 1)) == 0;
}

template<class Form, class T>
[[nodiscard]] bool load_replicate(Cpu& cpu, const Op& op) {
    const std::uint64_t address = address_imm(cpu, op);
    T value{};
    if (is_aligned<T>(address)) {
        if (!cpu.load<T>(address, value)) return false;
    } else {
        std::array<std::byte, sizeof(T)> bytes;
        if (!cpu.load_vector(address, bytes.data(), sizeof(T))) return false;
        std::memcpy(&value, bytes.data(), sizeof(T));
    }
    fill<Form, T>(cpu, op, value);
    return true;
}

/// The second immediate is the number of the lane.
template<class T>
[[nodiscard]] bool store_lane(Cpu& cpu, const Op& op) {
    const std::uint64_t address = address_imm(cpu, op);
    const T value = cpu.vr[op.rd].lane<T>(op.imm2());
    if (is_aligned<T>(address)) return cpu.store<T>(address, value);
    std::array<std::byte, sizeof(T)> bytes;
    std::memcpy(bytes.data(), &value, sizeof(T));
    return cpu.store_vector(address, bytes.data(), sizeof(T));
}

}  // namespace simd

inline bool vld(Cpu& cpu, const Op& op) {
    return simd::load_register<16>(cpu, op.rd, simd::address_imm(cpu, op));
}
inline bool xvld(Cpu& cpu, const Op& op) {
    return simd::load_register<32>(cpu, op.rd, simd::address_imm(cpu, op));
}
inline bool vldx(Cpu& cpu, const Op& op) {
    return simd::load_register<16>(cpu, op.rd, simd::address_indexed(cpu, op));
}
inline bool xvldx(Cpu& cpu, const Op& op) {
    return simd::load_register<32>(cpu, op.rd, simd::address_indexed(cpu, op));
}
inline bool vst(Cpu& cpu, const Op& op) {
    return simd::store_register<16>(cpu, op.rd, simd::address_imm(cpu, op));
}
inline bool xvst(Cpu& cpu, const Op& op) {
    return simd::store_register<32>(cpu, op.rd, simd::address_imm(cpu, op));
}
inline bool vstx(Cpu& cpu, const Op& op) {
    return simd::store_register<16>(cpu, op.rd, simd::address_indexed(cpu, op));
}
inline bool xvstx(Cpu& cpu, const Op& op) {
    return simd::store_register<32>(cpu, op.rd, simd::address_indexed(cpu, op));
}

#define LKVM_SIMD_ELEMENT(SUFFIX, T)                                            \
    inline bool vldrepl_##SUFFIX(Cpu& cpu, const Op& op) {                      \
        return simd::load_replicate<simd::Lsx<simd::Upper::clear>, T>(cpu, op); \
    }                                                                           \
    inline bool xvldrepl_##SUFFIX(Cpu& cpu, const Op& op) {                     \
        return simd::load_replicate<simd::Lasx, T>(cpu, op);                    \
    }                                                                           \
    inline bool vstelm_##SUFFIX(Cpu& cpu, const Op& op) {                       \
        return simd::store_lane<T>(cpu, op);                                    \
    }                                                                           \
    inline bool xvstelm_##SUFFIX(Cpu& cpu, const Op& op) {                      \
        return simd::store_lane<T>(cpu, op);                                    \
    }                                                                           \
    static_assert(true)

LKVM_SIMD_ELEMENT(b, std::uint8_t);
LKVM_SIMD_ELEMENT(h, std::uint16_t);
LKVM_SIMD_ELEMENT(w, std::uint32_t);
LKVM_SIMD_ELEMENT(d, std::uint64_t);

#undef LKVM_SIMD_ELEMENT

}  // namespace lkvm::la::sem
