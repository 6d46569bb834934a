// SPDX-License-Identifier: GPL-2.0-or-later
// System instructions: CSRs, IOCSR, TLB, page walks, traps. LA Vol.1 §2.2.10, §4.2.
#pragma once

#include "loongarch/soft/cpu.hpp"
#include "loongarch/soft/op.hpp"

namespace lkvm::la::sem {

bool syscall(Cpu& cpu, const Op& op);
bool break_(Cpu& cpu, const Op& op);
bool dbcl(Cpu& cpu, const Op& op);
bool rdtimel_w(Cpu& cpu, const Op& op);
bool rdtimeh_w(Cpu& cpu, const Op& op);
bool rdtime_d(Cpu& cpu, const Op& op);
void cpucfg(Cpu& cpu, const Op& op);

void csrrd(Cpu& cpu, const Op& op);
bool csrwr(Cpu& cpu, const Op& op);
bool csrxchg(Cpu& cpu, const Op& op);
bool iocsrrd_b(Cpu& cpu, const Op& op);
bool iocsrrd_h(Cpu& cpu, const Op& op);
bool iocsrrd_w(Cpu& cpu, const Op& op);
bool iocsrrd_d(Cpu& cpu, const Op& op);
bool iocsrwr_b(Cpu& cpu, const Op& op);
bool iocsrwr_h(Cpu& cpu, const Op& op);
bool iocsrwr_w(Cpu& cpu, const Op& op);
bool iocsrwr_d(Cpu& cpu, const Op& op);
bool cacop(Cpu& cpu, const Op& op);

void tlbsrch(Cpu& cpu, const Op& op);
void tlbrd(Cpu& cpu, const Op& op);
bool tlbwr(Cpu& cpu, const Op& op);
bool tlbfill(Cpu& cpu, const Op& op);
bool tlbclr(Cpu& cpu, const Op& op);
bool tlbflush(Cpu& cpu, const Op& op);
bool invtlb(Cpu& cpu, const Op& op);
bool lddir(Cpu& cpu, const Op& op);
bool ldpte(Cpu& cpu, const Op& op);
bool ertn(Cpu& cpu, const Op& op);
bool idle(Cpu& cpu, const Op& op);

// The virtualization extension, for root at PLV 0.
void gcsrrd(Cpu& cpu, const Op& op);
void gcsrwr(Cpu& cpu, const Op& op);
void gcsrxchg(Cpu& cpu, const Op& op);
void gtlbclr(Cpu& cpu, const Op& op);
void gtlbflush(Cpu& cpu, const Op& op);
void gtlbsrch(Cpu& cpu, const Op& op);
void gtlbrd(Cpu& cpu, const Op& op);
void gtlbwr(Cpu& cpu, const Op& op);
void gtlbfill(Cpu& cpu, const Op& op);
bool hvcl(Cpu& cpu, const Op& op);

}  // namespace lkvm::la::sem
