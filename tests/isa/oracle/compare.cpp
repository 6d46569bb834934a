// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/isa/oracle/compare.hpp"

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "loongarch/csr/exception.hpp"
#include "loongarch/isa/disassemble.hpp"
#include "loongarch/isa/encode.hpp"

namespace lkvm::test::oracle {
namespace {

[[gnu::format(printf, 1, 2)]] std::string format(const char* text, ...) {
    std::array<char, 512> buffer{};
    va_list arguments;
    va_start(arguments, text);
    std::vsnprintf(buffer.data(), buffer.size(), text, arguments);
    va_end(arguments);
    return buffer.data();
}

std::string show(const Vector& vector) {
    return format("%016llx_%016llx_%016llx_%016llx", static_cast<unsigned long long>(vector[3]),
                  static_cast<unsigned long long>(vector[2]),
                  static_cast<unsigned long long>(vector[1]),
                  static_cast<unsigned long long>(vector[0]));
}

/// The signal under which Linux, as QEMU plays it, reports an exception.
unsigned signal_of(std::uint64_t fault) {
    using la::Exception;
    switch (static_cast<Exception>(((fault & 0x3f)) | ((fault >> 6 & 0x1ff) << 6))) {
        case Exception::BRK:
            return 5;
        case Exception::ALE:
            return 7;
        case Exception::FPE:
        case Exception::VFPE:
            return 8;
        case Exception::INE:
            return 4;
        case Exception::BCE:
            return 31;  // QEMU's choice; Linux sends SIGSEGV
        case Exception::ADEM:
        case Exception::ADEF:
            return 11;
        default:
            return 0;
    }
}

bool same_fault(const CaseBlock& expected, const CaseBlock& actual) {
    if (expected.fault == 0 || actual.fault == 0) return expected.fault == actual.fault;
    return (actual.fault & ~std::uint64_t{0x7fff}) == fault_flag &&
           signal_of(actual.fault) == expected.fault && expected.fault_pc == actual.fault_pc;
}

std::string instructions(const Case& tested) {
    std::string text;
    std::uint64_t pc = tested.body.before.gpr[body_register];
    for (const std::uint32_t word : tested.body.words) {
        std::array<char, la::disassembly_size> buffer{};
        text += "    ";
        text += la::disassemble(word, pc, buffer);
        text += "\n";
        pc += 4;
    }
    return text;
}

/// The registers that the case's last instruction reads.
std::string sources(const Case& tested) {
    std::string text;
    la::Decoded decoded;
    const CaseBlock& before = tested.body.before;
    for (const std::uint32_t word : tested.body.words) {
        if (!la::decode(word, decoded)) continue;
        for (const la::OperandKind kind : la::operands(la::format_of(decoded.insn))) {
            if (kind == la::OperandKind::none) break;
            const la::OperandInfo& operand = la::info(kind);
            const auto number = static_cast<unsigned>(operand.get(word));
            switch (operand.kind) {
                case la::OperandClass::gpr:
                    text += format("    r%u = %016llx\n", number,
                                   static_cast<unsigned long long>(before.gpr[number]));
                    break;
                case la::OperandClass::fpr:
                case la::OperandClass::vr:
                case la::OperandClass::xr:
                    text += format("    v%u = ", number) + show(before.vr[number]) + "\n";
                    break;
                default:
                    break;
            }
        }
    }
    return text + format("    fcsr = %08x\n", before.fcsr);
}

}  // namespace

std::string compare(const Case& tested, const CaseBlock& expected, const CaseBlock& actual) {
    std::string text;
    for (unsigned i = 0; i < 32; ++i) {
        if (expected.gpr[i] != actual.gpr[i]) {
            text += format("  r%u: expected %016llx, is %016llx\n", i,
                           static_cast<unsigned long long>(expected.gpr[i]),
                           static_cast<unsigned long long>(actual.gpr[i]));
        }
        if (expected.vr[i] != actual.vr[i]) {
            text += format("  v%u: expected ", i) + show(expected.vr[i]) + "\n" +
                    format("  v%u:       is ", i) + show(actual.vr[i]) + "\n";
        }
    }
    if (expected.fcc != actual.fcc) {
        for (unsigned i = 0; i < 8; ++i) {
            if (expected.fcc[i] != actual.fcc[i]) {
                text += format("  fcc%u: expected %u, is %u\n", i, expected.fcc[i], actual.fcc[i]);
            }
        }
    }
    if (expected.fcsr != actual.fcsr) {
        text += format("  fcsr: expected %08x, is %08x\n", expected.fcsr, actual.fcsr);
    }
    for (unsigned i = 0; i < expected.memory.size(); ++i) {
        if (expected.memory[i] == actual.memory[i]) continue;
        text += format("  memory[%u]: expected %02x, is %02x\n", i, expected.memory[i],
                       actual.memory[i]);
    }
    if (!same_fault(expected, actual)) {
        text += format("  raised: expected signal %llu at %llx, is Ecode %llx at %llx\n",
                       static_cast<unsigned long long>(expected.fault),
                       static_cast<unsigned long long>(expected.fault_pc),
                       static_cast<unsigned long long>(actual.fault),
                       static_cast<unsigned long long>(actual.fault_pc));
    }
    if (text.empty()) return text;
    return instructions(tested) + sources(tested) + text;
}

}  // namespace lkvm::test::oracle
