// SPDX-License-Identifier: GPL-2.0-or-later
// Differences from QEMU that are accepted, each with its reason.
#include "loongarch/csr/exception.hpp"
#include "loongarch/isa/instruction.hpp"
#include "tests/isa/oracle/compare.hpp"
#include "tests/isa/oracle/memory_operands.hpp"

namespace lkvm::test::oracle {
namespace {

constexpr std::uint64_t signal_fpe = 8;

bool raised(const CaseBlock& block, la::Exception exception) {
    return block.fault == fault_flag + static_cast<std::uint64_t>(exception);
}

}  // namespace

std::string_view accepted_difference(const Case& tested, const CaseBlock& expected,
                                     const CaseBlock& actual) {
    la::Decoded decoded;
    if (tested.insn == la::Insn::count || tested.body.words.empty() ||
        !la::decode(tested.body.words.back(), decoded)) {
        return {};
    }
    if (is_bound(tested.insn) && raised(actual, la::Exception::ALE) &&
        tested.body.before.gpr[decoded.rj] % access_size(tested.insn) != 0) {
        return "QEMU does not check the alignment of bound-checked accesses (LA Vol.1 §2.2.6.1)";
    }
    if (tested.insn == la::Insn::sc_q && raised(actual, la::Exception::ALE)) {
        return "QEMU looks at the alignment of sc.q only while the reservation holds";
    }
    if (raised(actual, la::Exception::VFPE) && expected.fault == signal_fpe &&
        actual.vr[decoded.rd] == tested.body.before.vr[decoded.rd]) {
        CaseBlock rest = actual;
        rest.vr[decoded.rd] = expected.vr[decoded.rd];
        rest.fcsr = expected.fcsr;
        if (!compare(tested, expected, rest).empty()) return {};
        return "QEMU stops a vector instruction at the lane that traps and keeps what earlier "
               "lanes "
               "did to vd and FCSR (LA Vol.1 §3.1.4: the destination stays)";
    }
    return {};
}

}  // namespace lkvm::test::oracle
