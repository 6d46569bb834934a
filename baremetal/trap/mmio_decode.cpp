// SPDX-License-Identifier: GPL-2.0-or-later
#include "baremetal/trap/mmio_decode.hpp"

#include "loongarch/isa/opcode.hpp"

namespace lkvm::hv {

bool decode_mmio(std::uint32_t word, MmioAccess& access) {
    using la::Insn;
    using la::opcode;
    const auto is = [word, &access](unsigned size, bool store, bool sign) {
        access = MmioAccess{size, la::rd_of(word), store, sign};
        return true;
    };
    switch (word >> 22) {
        case opcode<Insn::ld_b, 22>:
            return is(1, false, true);
        case opcode<Insn::ld_h, 22>:
            return is(2, false, true);
        case opcode<Insn::ld_w, 22>:
            return is(4, false, true);
        case opcode<Insn::ld_d, 22>:
            return is(8, false, false);
        case opcode<Insn::ld_bu, 22>:
            return is(1, false, false);
        case opcode<Insn::ld_hu, 22>:
            return is(2, false, false);
        case opcode<Insn::ld_wu, 22>:
            return is(4, false, false);
        case opcode<Insn::st_b, 22>:
            return is(1, true, false);
        case opcode<Insn::st_h, 22>:
            return is(2, true, false);
        case opcode<Insn::st_w, 22>:
            return is(4, true, false);
        case opcode<Insn::st_d, 22>:
            return is(8, true, false);
        default:
            break;
    }
    switch (word >> 24) {
        case opcode<Insn::ldptr_w, 24>:
            return is(4, false, true);
        case opcode<Insn::ldptr_d, 24>:
            return is(8, false, false);
        case opcode<Insn::stptr_w, 24>:
            return is(4, true, false);
        case opcode<Insn::stptr_d, 24>:
            return is(8, true, false);
        default:
            break;
    }
    switch (word >> 15) {
        case opcode<Insn::ldx_b, 15>:
            return is(1, false, true);
        case opcode<Insn::ldx_h, 15>:
            return is(2, false, true);
        case opcode<Insn::ldx_w, 15>:
            return is(4, false, true);
        case opcode<Insn::ldx_d, 15>:
            return is(8, false, false);
        case opcode<Insn::ldx_bu, 15>:
            return is(1, false, false);
        case opcode<Insn::ldx_hu, 15>:
            return is(2, false, false);
        case opcode<Insn::ldx_wu, 15>:
            return is(4, false, false);
        case opcode<Insn::stx_b, 15>:
            return is(1, true, false);
        case opcode<Insn::stx_h, 15>:
            return is(2, true, false);
        case opcode<Insn::stx_w, 15>:
            return is(4, true, false);
        case opcode<Insn::stx_d, 15>:
            return is(8, true, false);
        default:
            break;
    }
    return false;
}

}  // namespace lkvm::hv
