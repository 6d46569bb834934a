// SPDX-License-Identifier: GPL-2.0-or-later
// The physical CPU's registers: csr*, gcsr*, iocsr*, invtlb.
#pragma once

#include <cstdint>

#include "baremetal/memory/physical.hpp"

namespace lkvm::hv {

template<unsigned number>
[[nodiscard]] inline std::uint64_t read_csr() {
    std::uint64_t value;
    asm volatile("csrrd %0, %1" : "=r"(value) : "i"(number) : "memory");
    return value;
}
/// Returns the old value.
template<unsigned number>
inline std::uint64_t write_csr(std::uint64_t value) {
    asm volatile("csrwr %0, %1" : "+r"(value) : "i"(number) : "memory");
    return value;
}
template<unsigned number>
[[nodiscard]] inline std::uint64_t read_guest_csr() {
    std::uint64_t value;
    asm volatile("gcsrrd %0, %1" : "=r"(value) : "i"(number) : "memory");
    return value;
}
template<unsigned number>
inline std::uint64_t write_guest_csr(std::uint64_t value) {
    asm volatile("gcsrwr %0, %1" : "+r"(value) : "i"(number) : "memory");
    return value;
}
/// Replaces the bits of `mask`.
template<unsigned number>
inline void change_guest_csr(std::uint64_t value, std::uint64_t mask) {
    asm volatile("gcsrxchg %0, %1, %2" : "+r"(value) : "r"(mask), "i"(number) : "memory");
}

[[nodiscard]] inline std::uint32_t read_iocsr(std::uint32_t address) {
    std::uint64_t value;
    asm volatile("iocsrrd.w %0, %1" : "=r"(value) : "r"(std::uint64_t{address}) : "memory");
    return static_cast<std::uint32_t>(value);
}
inline void write_iocsr(std::uint32_t address, std::uint32_t value) {
    asm volatile("iocsrwr.w %0, %1"
                 :
                 : "r"(std::uint64_t{value}), "r"(std::uint64_t{address})
                 : "memory");
}
inline void write_iocsr64(std::uint32_t address, std::uint64_t value) {
    asm volatile("iocsrwr.d %0, %1" : : "r"(value), "r"(std::uint64_t{address}) : "memory");
}

[[nodiscard]] inline std::uint32_t read_cpucfg(std::uint32_t index) {
    std::uint64_t value;
    asm volatile("cpucfg %0, %1" : "=r"(value) : "r"(std::uint64_t{index}));
    return static_cast<std::uint32_t>(value);
}
[[nodiscard]] inline std::uint64_t read_counter() {
    std::uint64_t value;
    asm volatile("rdtime.d %0, $zero" : "=r"(value) : : "memory");
    return value;
}

/// Everything of all guests.
inline void flush_all_guests() {
    asm volatile("invtlb 0x12, $zero, $zero" : : : "memory");
}
/// Both stages of one guest.
inline void flush_guest(unsigned gid) {
    asm volatile("invtlb 0x15, %0, $zero" : : "r"(std::uint64_t{gid} << 16) : "memory");
}
/// Call it again and again: for a CPU that has nothing to do any more.
inline void halt() {
    asm volatile("idle 0" : : : "memory");
}

}  // namespace lkvm::hv
