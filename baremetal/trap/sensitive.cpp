// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/sensitive.hpp"

#include <lkvm/field.hpp>

#include "loongarch/csr/csr.hpp"
#include "loongarch/isa/opcode.hpp"

namespace lkvm::hv {
namespace {

using la::Insn;
using la::opcode;
using CsrNumber = Field<10, 14, unsigned>;
namespace csr = la::csr;

bool is_root_csr(unsigned number) {
    return number == csr::gtlbc::number || number == csr::trgp::number ||
           (number >= csr::gstat::number && number <= csr::GCNTC);
}

}  // namespace

Sensitive decode_sensitive(std::uint32_t word) {
    const auto is = [word](SensitiveKind kind, unsigned size = 0) {
        return Sensitive{kind, la::rd_of(word), la::rj_of(word), size};
    };
    switch (word >> 10) {
        case opcode<Insn::cpucfg, 10>:
            return is(SensitiveKind::cpucfg);
        case opcode<Insn::iocsrrd_b, 10>:
            return is(SensitiveKind::iocsr_read, 1);
        case opcode<Insn::iocsrrd_h, 10>:
            return is(SensitiveKind::iocsr_read, 2);
        case opcode<Insn::iocsrrd_w, 10>:
            return is(SensitiveKind::iocsr_read, 4);
        case opcode<Insn::iocsrrd_d, 10>:
            return is(SensitiveKind::iocsr_read, 8);
        case opcode<Insn::iocsrwr_b, 10>:
            return is(SensitiveKind::iocsr_write, 1);
        case opcode<Insn::iocsrwr_h, 10>:
            return is(SensitiveKind::iocsr_write, 2);
        case opcode<Insn::iocsrwr_w, 10>:
            return is(SensitiveKind::iocsr_write, 4);
        case opcode<Insn::iocsrwr_d, 10>:
            return is(SensitiveKind::iocsr_write, 8);
        default:
            break;
    }
    if (word >> 24 == opcode<Insn::csrxchg, 24>) {
        return is(is_root_csr(CsrNumber::get(word)) ? SensitiveKind::root_csr : SensitiveKind::csr);
    }
    if (word >> 15 == opcode<Insn::idle, 15>) return is(SensitiveKind::idle);
    if (word >> 22 == opcode<Insn::cacop, 22>) return is(SensitiveKind::cacop);
    return {};
}

}  // namespace lkvm::hv
