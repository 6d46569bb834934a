// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/sensitive.hpp"

#include "loongarch/csr/csr.hpp"
#include "loongarch/isa/instruction.hpp"

namespace lkvm::hv {
namespace {

using la::Insn;
namespace csr = la::csr;

bool is_root_csr(unsigned number) {
    return number == csr::gtlbc::number || number == csr::trgp::number ||
           (number >= csr::gstat::number && number <= csr::GCNTC);
}

}  // namespace

Sensitive decode_sensitive(std::uint32_t word) {
    la::Decoded decoded;
    if (!la::decode(word, decoded)) return {};
    const auto is = [&](SensitiveKind kind, unsigned size = 0) {
        return Sensitive{kind, decoded.rd, decoded.rj, size};
    };
    switch (decoded.insn) {
        case Insn::cpucfg:
            return is(SensitiveKind::cpucfg);
        case Insn::csrrd:
        case Insn::csrwr:
        case Insn::csrxchg:
            return is(is_root_csr(static_cast<unsigned>(decoded.imm)) ? SensitiveKind::root_csr
                                                                      : SensitiveKind::csr);
        case Insn::cacop:
            return is(SensitiveKind::cacop);
        case Insn::iocsrrd_b:
            return is(SensitiveKind::iocsr_read, 1);
        case Insn::iocsrrd_h:
            return is(SensitiveKind::iocsr_read, 2);
        case Insn::iocsrrd_w:
            return is(SensitiveKind::iocsr_read, 4);
        case Insn::iocsrrd_d:
            return is(SensitiveKind::iocsr_read, 8);
        case Insn::iocsrwr_b:
            return is(SensitiveKind::iocsr_write, 1);
        case Insn::iocsrwr_h:
            return is(SensitiveKind::iocsr_write, 2);
        case Insn::iocsrwr_w:
            return is(SensitiveKind::iocsr_write, 4);
        case Insn::iocsrwr_d:
            return is(SensitiveKind::iocsr_write, 8);
        case Insn::idle:
            return is(SensitiveKind::idle);
        default:
            return {};
    }
}

}  // namespace lkvm::hv
