// SPDX-License-Identifier: GPL-2.0-or-later
// Control and status registers: numbers, fields, writable bits. LA Vol.1 §7; the virtualization
// additions follow what Linux KVM relies on.
#pragma once

#include <cstdint>

#include <lkvm/field.hpp>

namespace lkvm::la::csr {

/// One past the highest CSR number that is stored; every higher one reads 0.
inline constexpr unsigned count = 0x200;

namespace crmd {  // LA Vol.1 §7.4.1
inline constexpr unsigned number = 0x0;
using PLV = Field<0, 2, unsigned>;
using IE = Field<2, 1, bool>;
using DA = Field<3, 1, bool>;
using PG = Field<4, 1, bool>;
using DATF = Field<5, 2, unsigned>;
using DATM = Field<7, 2, unsigned>;
using WE = Field<9, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<PLV, IE, DA, PG, DATF, DATM, WE>();
}  // namespace crmd

namespace prmd {  // LA Vol.1 §7.4.2
inline constexpr unsigned number = 0x1;
using PPLV = Field<0, 2, unsigned>;
using PIE = Field<2, 1, bool>;
using PWE = Field<3, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<PPLV, PIE, PWE>();
}  // namespace prmd

namespace euen {  // LA Vol.1 §7.4.3
inline constexpr unsigned number = 0x2;
using FPE = Field<0, 1, bool>;
using SXE = Field<1, 1, bool>;
using ASXE = Field<2, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<FPE, SXE, ASXE>();  // no binary translation
}  // namespace euen

namespace misc {  // LA Vol.1 §7.4.4
inline constexpr unsigned number = 0x3;
using DRDTL = Field<5, 3, unsigned>;  ///< bit n-1: rdtime forbidden at PLV n
using ALCL = Field<12, 4, unsigned>;  ///< bit n: alignment checked at PLV n
using DWPL = Field<16, 3, unsigned>;  ///< bit n: stores at PLV n ignore a page's D = 0
inline constexpr std::uint64_t writable =
    field_mask<DRDTL, ALCL, DWPL>();  // VA32L is not implemented
}  // namespace misc

namespace ecfg {  // LA Vol.1 §7.4.5
inline constexpr unsigned number = 0x4;
using LIE = Field<0, 13, unsigned>;
using VS = Field<16, 3, unsigned>;
inline constexpr std::uint64_t writable = field_mask<LIE, VS>();
}  // namespace ecfg

namespace estat {  // LA Vol.1 §7.4.6
inline constexpr unsigned number = 0x5;
using IS = Field<0, 15, unsigned>;
using SWI = Field<0, 2, unsigned>;
using HWI = Field<2, 8, unsigned>;
using TI = Field<11, 1, bool>;
using IPI = Field<12, 1, bool>;
using Ecode = Field<16, 6, unsigned>;
using EsubCode = Field<22, 9, unsigned>;
inline constexpr std::uint64_t writable = SWI::mask;
}  // namespace estat

inline constexpr unsigned ERA = 0x6;
inline constexpr unsigned BADV = 0x7;
inline constexpr unsigned BADI = 0x8;
inline constexpr unsigned EENTRY = 0xc;

namespace tlbidx {  // LA Vol.1 §7.5.1
inline constexpr unsigned number = 0x10;
using Index = Field<0, 16, unsigned>;
using PS = Field<24, 6, unsigned>;
using NE = Field<31, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<Field<0, 12>, PS, NE>();
}  // namespace tlbidx

namespace tlbehi {  // LA Vol.1 §7.5.2
inline constexpr unsigned number = 0x11;
using VPPN = Field<13, 35>;
inline constexpr std::uint64_t writable = VPPN::mask;
}  // namespace tlbehi

namespace tlbelo {  // LA Vol.1 §7.5.3, and TLBRELO
inline constexpr unsigned number0 = 0x12;
inline constexpr unsigned number1 = 0x13;
using V = Field<0, 1, bool>;
using D = Field<1, 1, bool>;
using PLV = Field<2, 2, unsigned>;
using MAT = Field<4, 2, unsigned>;
using G = Field<6, 1, bool>;
using PPN = Field<12, 36>;
using NR = Field<61, 1, bool>;
using NX = Field<62, 1, bool>;
using RPLV = Field<63, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<V, D, PLV, MAT, G, PPN, NR, NX, RPLV>();
}  // namespace tlbelo

namespace gtlbc {  // virtualization
inline constexpr unsigned number = 0x15;
using USETGID = Field<12, 1, bool>;  ///< TLB instructions and translations of root use TGID
using TOTI = Field<13, 1, bool>;
using TGID = Field<16, 8, unsigned>;
inline constexpr std::uint64_t writable = field_mask<USETGID, TOTI, TGID>();
}  // namespace gtlbc

namespace trgp {  // virtualization: what tlbrd found
inline constexpr unsigned number = 0x16;
using GTLB = Field<0, 1, bool>;
using RID = Field<16, 8, unsigned>;
}  // namespace trgp

namespace asid {  // LA Vol.1 §7.5.4
inline constexpr unsigned number = 0x18;
using ASID = Field<0, 10, unsigned>;
using ASIDBITS = Field<16, 8, unsigned>;
inline constexpr std::uint64_t writable = ASID::mask;
}  // namespace asid

inline constexpr unsigned PGDL = 0x19;
inline constexpr unsigned PGDH = 0x1a;
inline constexpr unsigned PGD = 0x1b;

namespace pwcl {  // LA Vol.1 §7.5.8
inline constexpr unsigned number = 0x1c;
using PTbase = Field<0, 5, unsigned>;
using PTwidth = Field<5, 5, unsigned>;
using Dir1_base = Field<10, 5, unsigned>;
using Dir1_width = Field<15, 5, unsigned>;
using Dir2_base = Field<20, 5, unsigned>;
using Dir2_width = Field<25, 5, unsigned>;
using PTEWidth = Field<30, 2, unsigned>;
inline constexpr std::uint64_t writable = 0xffffffff;
}  // namespace pwcl

namespace pwch {  // LA Vol.1 §7.5.9
inline constexpr unsigned number = 0x1d;
using Dir3_base = Field<0, 6, unsigned>;
using Dir3_width = Field<6, 6, unsigned>;
using Dir4_base = Field<12, 6, unsigned>;
using Dir4_width = Field<18, 6, unsigned>;
inline constexpr std::uint64_t writable = 0xffffff;  // bit 24 (hardware walker) is not implemented
}  // namespace pwch

namespace stlbps {  // LA Vol.1 §7.5.10
inline constexpr unsigned number = 0x1e;
using PS = Field<0, 6, unsigned>;
}  // namespace stlbps

inline constexpr unsigned RVACFG = 0x1f;
namespace rvacfg {  // LA Vol.1 §7.5.11
using RBits = Field<0, 4, unsigned>;
inline constexpr unsigned max = 8;  ///< bits that addresses can be shortened by
}  // namespace rvacfg

inline constexpr unsigned CPUID = 0x20;
inline constexpr unsigned PRCFG1 = 0x21;
inline constexpr unsigned PRCFG2 = 0x22;
inline constexpr unsigned PRCFG3 = 0x23;
inline constexpr unsigned SAVE0 = 0x30;
inline constexpr unsigned save_count = 8;
inline constexpr unsigned TID = 0x40;

namespace tcfg {  // LA Vol.1 §7.6.2
inline constexpr unsigned number = 0x41;
using En = Field<0, 1, bool>;
using Periodic = Field<1, 1, bool>;
using InitVal = Field<2, 46>;
inline constexpr std::uint64_t writable = field_mask<En, Periodic, InitVal>();
inline constexpr std::uint64_t count_mask = InitVal::mask;  ///< ticks to count down
}  // namespace tcfg

inline constexpr unsigned TVAL = 0x42;
inline constexpr unsigned CNTC = 0x43;
inline constexpr unsigned TICLR = 0x44;
/// Bits of the timer's counter (PRCFG1.TimerBits + 1).
inline constexpr unsigned timer_bits = 48;

namespace gstat {  // virtualization
inline constexpr unsigned number = 0x50;
using PVM = Field<1, 1, bool>;  ///< ertn returns to the guest
using GIDBIT = Field<4, 6, unsigned>;
using GID = Field<16, 8, unsigned>;
}  // namespace gstat

namespace gcfg {  // virtualization
inline constexpr unsigned number = 0x51;
using MATP = Field<0, 4, unsigned>;
using MATC = Field<4, 2, unsigned>;
using SIT = Field<7, 1, bool>;
using TIT = Field<9, 1, bool>;
using TOE = Field<11, 1, bool>;
using TOP = Field<13, 1, bool>;
using TORU = Field<15, 1, bool>;
using GCIP = Field<16, 3, unsigned>;
using GCI = Field<20, 2, unsigned>;
inline constexpr std::uint64_t writable = field_mask<MATC, SIT, TIT, TOE, TOP, TORU, GCI>();
/// Memory types of guest, root and nested; all, hit and secure cacop policies.
inline constexpr std::uint64_t capabilities = MATP::put(GCIP::put(0, 7), 7);
inline constexpr unsigned gci_secure = 2;  ///< cacops that initialize a cache trap
}  // namespace gcfg

namespace gintc {  // virtualization
inline constexpr unsigned number = 0x52;
using VIP = Field<0, 8, unsigned>;
using PIP = Field<8, 8, unsigned>;
using HC = Field<16, 8, unsigned>;
inline constexpr std::uint64_t writable = field_mask<VIP, PIP, HC>();
}  // namespace gintc
inline constexpr unsigned GCNTC = 0x53;

namespace llbctl {  // LA Vol.1 §7.4.14
inline constexpr unsigned number = 0x60;
using ROLLB = Field<0, 1, bool>;
using WCLLB = Field<1, 1, bool>;
using KLO = Field<2, 1, bool>;
}  // namespace llbctl

inline constexpr unsigned IMPCTL1 = 0x80;
inline constexpr unsigned IMPCTL2 = 0x81;
inline constexpr unsigned TLBRENTRY = 0x88;
inline constexpr unsigned TLBRBADV = 0x89;

namespace tlbrera {  // LA Vol.1 §7.5.13
inline constexpr unsigned number = 0x8a;
using IsTLBR = Field<0, 1, bool>;
using PC = Field<2, 62>;
inline constexpr std::uint64_t writable = field_mask<IsTLBR, PC>();
}  // namespace tlbrera

inline constexpr unsigned TLBRSAVE = 0x8b;
inline constexpr unsigned TLBRELO0 = 0x8c;
inline constexpr unsigned TLBRELO1 = 0x8d;

namespace tlbrehi {  // LA Vol.1 §7.5.16
inline constexpr unsigned number = 0x8e;
using PS = Field<0, 6, unsigned>;
using VPPN = Field<13, 35>;
inline constexpr std::uint64_t writable = field_mask<PS, VPPN>();
}  // namespace tlbrehi

namespace tlbrprmd {  // LA Vol.1 §7.5.17
inline constexpr unsigned number = 0x8f;
using PPLV = Field<0, 2, unsigned>;
using PIE = Field<2, 1, bool>;
using PGM = Field<3, 1, bool>;  ///< previous mode was guest (virtualization)
using PWE = Field<4, 1, bool>;
inline constexpr std::uint64_t writable = field_mask<PPLV, PIE, PWE>();
}  // namespace tlbrprmd

namespace merrctl {  // LA Vol.1 §7.4.16
inline constexpr unsigned number = 0x90;
using IsMERR = Field<0, 1, bool>;  ///< never set: there are no machine errors
using Repairable = Field<1, 1, bool>;
using PPLV = Field<2, 2, unsigned>;
using PWE = Field<6, 1, bool>;
using PDA = Field<7, 1, bool>;
using PPG = Field<8, 1, bool>;
using PDATF = Field<9, 2, unsigned>;
using PDATM = Field<11, 2, unsigned>;
inline constexpr std::uint64_t writable =
    field_mask<Repairable, PPLV, PWE, PDA, PPG, PDATF, PDATM>();
}  // namespace merrctl

inline constexpr unsigned MERRENTRY = 0x93;
inline constexpr unsigned MERRERA = 0x94;
inline constexpr unsigned MERRSAVE = 0x95;
inline constexpr unsigned CTAG = 0x98;

namespace dmw {  // LA Vol.1 §7.5.19
inline constexpr unsigned number0 = 0x180;
inline constexpr unsigned windows = 4;
inline constexpr unsigned fetch_windows = 2;  ///< the others are for loads and stores only
using PLV = Field<0, 4, unsigned>;            ///< bit n: usable at PLV n
using MAT = Field<4, 2, unsigned>;
using VSEG = Field<60, 4, unsigned>;
inline constexpr std::uint64_t writable = field_mask<PLV, MAT, VSEG>();
}  // namespace dmw

}  // namespace lkvm::la::csr
