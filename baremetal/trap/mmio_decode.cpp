// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/mmio_decode.hpp"

#include "loongarch/isa/instruction.hpp"

namespace lkvm::hv {

bool decode_mmio(std::uint32_t word, MmioAccess& access) {
    using la::Insn;
    la::Decoded decoded;
    if (!la::decode(word, decoded)) return false;
    const auto is = [&](unsigned size, bool store, bool sign) {
        access = MmioAccess{size, decoded.rd, store, sign};
        return true;
    };
    switch (decoded.insn) {
        case Insn::ld_b:
        case Insn::ldx_b:
            return is(1, false, true);
        case Insn::ld_h:
        case Insn::ldx_h:
            return is(2, false, true);
        case Insn::ld_w:
        case Insn::ldx_w:
        case Insn::ldptr_w:
            return is(4, false, true);
        case Insn::ld_d:
        case Insn::ldx_d:
        case Insn::ldptr_d:
            return is(8, false, false);
        case Insn::ld_bu:
        case Insn::ldx_bu:
            return is(1, false, false);
        case Insn::ld_hu:
        case Insn::ldx_hu:
            return is(2, false, false);
        case Insn::ld_wu:
        case Insn::ldx_wu:
            return is(4, false, false);
        case Insn::st_b:
        case Insn::stx_b:
            return is(1, true, false);
        case Insn::st_h:
        case Insn::stx_h:
            return is(2, true, false);
        case Insn::st_w:
        case Insn::stx_w:
        case Insn::stptr_w:
            return is(4, true, false);
        case Insn::st_d:
        case Insn::stx_d:
        case Insn::stptr_d:
            return is(8, true, false);
        default:
            return false;
    }
}

}  // namespace lkvm::hv
