// SPDX-License-Identifier: GPL-2.0-or-later
// What the software CPU says of itself through CPUCFG. LA Vol.1 §2.2.10.5.
#pragma once

#include <array>
#include <cstdint>

#include "loongarch/soft/system.hpp"

namespace lkvm::la {

/// Physical and virtual address widths in bits.
inline constexpr unsigned physical_bits = 48;
inline constexpr unsigned virtual_bits = 48;
inline constexpr std::uint64_t physical_mask = (std::uint64_t{1} << physical_bits) - 1;

/// Whether the host can compare and swap 16 bytes, which sc.q needs.
#if defined(__x86_64__)
inline constexpr bool host_has_wide_swap = true;
#else
inline constexpr bool host_has_wide_swap = false;
#endif

/// CPUCFG words 0..20; every other index reads 0 but for those of the hypervisor.
struct CpuConfig {
    static constexpr unsigned words = 21;
    std::array<std::uint32_t, words> word{};

    /// Guest identifiers of the virtualization extension: 2^gid_bits of them; 1 to 8.
    unsigned gid_bits = 8;

    /// CPUCFG2.LVZ
    [[nodiscard]] constexpr bool has_lvz() const { return (word[2] & (1u << 10)) != 0; }
    /// The same with the virtualization extension.
    [[nodiscard]] constexpr CpuConfig with_lvz() const {
        CpuConfig config = *this;
        config.word[2] |= (1u << 10) | (1u << 11);  // present, version 1
        return config;
    }

    /// More vCPUs than the plain EIOINTC can reach: the guest is told of the virtual one.
    bool virtual_eiointc = false;

    [[nodiscard]] constexpr std::uint32_t at(std::uint32_t index) const {
        if (index < words) return word[index];
        if (!virtual_eiointc) return 0;
        // What Linux asks when IOCSR says that it is a guest.
        constexpr std::uint32_t signature = 0x40000000;
        constexpr std::uint32_t features = 0x40000004;
        if (index == signature) return 0x004d564b;  // "KVM\0"
        if (index == features) return 1u << 24;     // virtual EIOINTC
        return 0;
    }

    /// Everything that the software CPU implements.
    [[nodiscard]] static constexpr CpuConfig full() {
        CpuConfig config;
        config.word[0] = 0x0014c010;  // PRID: LA464
        // LA64, paging, IOCSR, PALEN and VALEN 48, unaligned access, RI, EP, RPLV, huge pages, CRC
        config.word[1] = 0x03f2f2fe;
        // FP, LSX, LASX, LLFTP, LSPW, LAM of the LA464, and the later additions FRECIPE, DIV32,
        // LAM_BH, LAMCAS, LLACQ_SCREL and SCQ
        config.word[2] = 0x0060c0cf | 0x3e000000 | (host_has_wide_swap ? 1u << 30 : 0);
        // As the LA464, with addresses that RVACFG shortens by up to 8 bits, but no store fill
        // buffer
        config.word[3] = 0x0000fcfd;
        config.word[4] = counter_hz;
        config.word[5] = 0x00010001;   // the counter runs at word 4 * 1 / 1
        config.word[16] = 0x00002c3d;  // caches as on a 3A5000
        config.word[17] = 0x06080003;
        config.word[18] = 0x06080003;
        config.word[19] = 0x0608000f;
        config.word[20] = 0x060e000f;
        return config;
    }
};

}  // namespace lkvm::la
